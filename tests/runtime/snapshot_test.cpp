#include "octrain/runtime/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <numeric>
#include <string_view>

#include "checksum.h"
#include "octrain/runtime/error.h"
#include "support/temporary_directory.h"
#include "toy_training.h"

namespace octrain::runtime {
namespace {

using test::TemporaryDirectory;
using testing::HasSubstr;

std::uint64_t checksum(std::string_view text) { return crc64(std::as_bytes(std::span(text))); }

TEST(Crc64, MatchesKnownVectors) {
  EXPECT_EQ(checksum(""), 0u);
  EXPECT_EQ(checksum("123456789"), 0x995DC9BBDF1939FA);
  EXPECT_EQ(checksum("This is a test of the emergency broadcast system."), 0x27DB187FC15BBC72);
}

TEST(Crc64, DoesNotDependOnThePieces) {
  const std::string text(1000, 'x');
  for (const std::size_t cut : {1, 7, 8, 9, 500}) {
    Crc64 crc;
    crc.add(std::as_bytes(std::span(text)).first(cut));
    crc.add(std::as_bytes(std::span(text)).subspan(cut));
    EXPECT_EQ(crc.value(), checksum(text));
  }
}

/// A memory whose sections hold base, base + 1, …
struct NumberedMemory : test::ToyMemory {
  explicit NumberedMemory(float base) {
    std::vector<float> values(2 * test::kStoredFloats);
    for (const TensorId tensor : {test::kWeights, test::kMomentum, test::kStatistics}) {
      std::iota(values.begin(), values.end(), base + 100 * static_cast<float>(tensor));
      write_contents(tensor, 0, std::as_bytes(std::span(values)));
    }
  }
};

SnapshotHeader header_of(const Program& program, std::uint64_t iteration) {
  SnapshotHeader header = describe(program);
  header.net = "toy";
  header.iteration = iteration;
  header.seed = 7;
  return header;
}

void save(const std::filesystem::path& path, std::uint64_t iteration = 42) {
  const Program program = test::toy_program();
  NumberedMemory memory(0);
  save_snapshot(path, header_of(program, iteration), program, memory);
}

TEST(Snapshot, HoldsEverythingInCanonicalOrder) {
  TemporaryDirectory directory;
  save(directory / "a.octsnap");
  SnapshotReader reader(directory / "a.octsnap");
  reader.verify();
  EXPECT_EQ(reader.header().net, "toy");
  EXPECT_EQ(reader.header().iteration, 42u);
  EXPECT_EQ(reader.header().seed, 7u);
  EXPECT_EQ(reader.header().state_names, std::vector<std::string>{"momentum"});
  ASSERT_EQ(reader.header().parameters.size(), 2u);
  EXPECT_TRUE(reader.header().parameters[0].has_states);
  EXPECT_FALSE(reader.header().parameters[1].has_states);
  std::vector<float> values(6);
  reader.read(0, 0, values);
  EXPECT_EQ(values, (std::vector<float>{3, 2, 1, 7, 6, 5}));  // chunks are stored backwards
  reader.read(0, 1, values);
  EXPECT_EQ(values, (std::vector<float>{103, 102, 101, 107, 106, 105}));
  reader.read(1, 0, values);
  EXPECT_EQ(values, (std::vector<float>{203, 202, 201, 207, 206, 205}));
}

TEST(Snapshot, LoadsWhatItSaved) {
  TemporaryDirectory directory;
  const Program program = test::toy_program();
  save(directory / "a.octsnap");
  SnapshotReader reader(directory / "a.octsnap");
  NumberedMemory memory(1000);
  load_snapshot(reader, program, memory, LoadWhat::everything);
  save_snapshot(directory / "b.octsnap", header_of(program, 42), program, memory);
  EXPECT_EQ(test::read_file(directory / "a.octsnap"), test::read_file(directory / "b.octsnap"));

  NumberedMemory weights_only(1000);
  load_snapshot(reader, program, weights_only, LoadWhat::parameters);
  float momentum = 0;
  weights_only.read_contents(test::kMomentum, 4, std::as_writable_bytes(std::span(&momentum, 1)));
  EXPECT_EQ(momentum, 1101);
}

TEST(Snapshot, RefusesAnotherNetOrSolver) {
  TemporaryDirectory directory;
  save(directory / "a.octsnap");
  SnapshotReader reader(directory / "a.octsnap");
  test::ToyMemory memory;
  Program other = test::toy_program();
  other.parameters[1].name = "bn.variance";
  EXPECT_THROW(load_snapshot(reader, other, memory, LoadWhat::parameters), BadInput);
  other = test::toy_program();
  other.parameters[0].dims = {3, 2};
  EXPECT_THROW(load_snapshot(reader, other, memory, LoadWhat::parameters), BadInput);
  other = test::toy_program();
  other.parameters.pop_back();
  EXPECT_THROW(load_snapshot(reader, other, memory, LoadWhat::parameters), BadInput);
  other = test::toy_program();
  other.state_names = {"m"};
  EXPECT_THROW(load_snapshot(reader, other, memory, LoadWhat::everything), UsageError);
  EXPECT_NO_THROW(load_snapshot(reader, other, memory, LoadWhat::parameters));
}

std::string verify(const std::filesystem::path& path) {
  try {
    SnapshotReader(path).verify();
    return "";
  } catch (const BadInput& error) {
    return error.what();
  }
}

TEST(Snapshot, NoticesEveryTruncationAndEveryFlippedByte) {
  TemporaryDirectory directory;
  const auto path = directory / "a.octsnap";
  save(path);
  EXPECT_EQ(verify(path), "");
  const test::Bytes whole = test::read_file(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    test::write_file(path, std::span(whole).first(size));
    EXPECT_THAT(verify(path), HasSubstr(path.string())) << size;
  }
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const int flip : {1, 0x80, 0xFF}) {
      test::Bytes bytes = whole;
      bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ flip);
      test::write_file(path, bytes);
      EXPECT_THAT(verify(path), HasSubstr(path.string())) << i;
    }
  test::Bytes longer = whole;
  longer.push_back(0);
  test::write_file(path, longer);
  EXPECT_THAT(verify(path), HasSubstr("bytes, found"));
}

TEST(Snapshot, SaysWhichPartIsDamaged) {
  TemporaryDirectory directory;
  const auto path = directory / "a.octsnap";
  save(path);
  test::Bytes bytes = test::read_file(path);
  const std::size_t data =
      bytes.size() - 16 - 3 * 8 - 3 * 24;  // before end, table and three sections of six floats
  bytes[data + 24 + 5] ^= 1;
  test::write_file(path, bytes);
  EXPECT_THAT(verify(path), HasSubstr("ip.weight's momentum does not match its checksum"));
  EXPECT_THAT(verify(directory / "none.octsnap"), HasSubstr("cannot be read"));
}

TEST(Snapshot, LatestSkipsDamagedOnesAndOtherPrefixes) {
  TemporaryDirectory directory;
  const std::string prefix = (directory / "net").string();
  EXPECT_FALSE(latest_snapshot(prefix));
  EXPECT_FALSE(latest_snapshot((directory / "no" / "where").string()));
  for (const std::uint64_t iteration : {9, 10, 100}) save(snapshot_path(prefix, iteration), iteration);
  save(snapshot_path(prefix + "2", 500));
  test::write_file(directory / "net_iter_x.octsnap", {});
  test::write_file(directory / "net_iter_200.octsnap.tmp", {});
  EXPECT_EQ(latest_snapshot(prefix), snapshot_path(prefix, 100));
  std::filesystem::resize_file(snapshot_path(prefix, 100), 200);
  std::vector<std::string> warnings;
  EXPECT_EQ(latest_snapshot(prefix, [&](const std::string& text) { warnings.push_back(text); }),
            snapshot_path(prefix, 10));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr("net_iter_100"));
}

TEST(Snapshot, PruneKeepsTheLatestBeforeAndAllAfter) {
  TemporaryDirectory directory;
  const std::string prefix = (directory / "net").string();
  for (const std::uint64_t iteration : {10, 20, 30, 40, 500}) save(snapshot_path(prefix, iteration));
  prune_snapshots(prefix, 40, 1);
  for (const std::uint64_t kept : {30, 40, 500})
    EXPECT_TRUE(std::filesystem::exists(snapshot_path(prefix, kept)));
  for (const std::uint64_t gone : {10, 20})
    EXPECT_FALSE(std::filesystem::exists(snapshot_path(prefix, gone)));
}

TEST(Snapshot, FailedWriteLeavesTheOldFile) {
  TemporaryDirectory directory;
  const auto path = directory / "a.octsnap";
  save(path, 1);
  const test::Bytes before = test::read_file(path);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(save(path, 2), IoError);
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(test::read_file(path), before);
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".tmp"));
  EXPECT_THROW(save(directory / "no" / "a.octsnap"), IoError);
}

constexpr std::int64_t kBigElements = 1 << 18;  // 1 MiB, so that many a kill falls into the writing

Program big_program() {
  const auto copy = [](const float* from, float* to) { std::copy_n(from, kBigElements, to); };
  Program program;
  program.parameters.push_back({.name = "w",
                                .dims = {kBigElements},
                                .chunks = {{.tensor = 0,
                                            .offset_bytes = 0,
                                            .bytes = kBigElements * 4,
                                            .states = {},
                                            .first = 0,
                                            .count = kBigElements,
                                            .to_canonical = copy,
                                            .from_canonical = copy}},
                                .fill = {}});
  return program;
}

/// Iteration n's parameter is n everywhere. Each is written under the same name and under its own.
void write_both(const std::string& prefix, std::uint64_t iteration) {
  const Program program = big_program();
  test::StrictMemory memory(1, kBigElements * 4);
  const std::vector<float> values(kBigElements, static_cast<float>(iteration));
  memory.write_contents(0, 0, std::as_bytes(std::span(values)));
  save_snapshot(snapshot_path(prefix, iteration), header_of(program, iteration), program, memory);
  save_snapshot(prefix + ".octsnap", header_of(program, iteration), program, memory);
  prune_snapshots(prefix, iteration, 1);
}

void expect_whole(const std::filesystem::path& path) {
  SnapshotReader reader(path);
  std::vector<float> values(kBigElements);
  reader.read(0, 0, values);
  for (const float value : values) ASSERT_EQ(value, static_cast<float>(reader.header().iteration));
}

TEST(SnapshotKill, LeavesAWholeSnapshotWheneverItComes) {
  TemporaryDirectory directory;
  const std::string prefix = (directory / "killed").string();
  const Philox philox(1);
  write_both(prefix, 1);
  std::uint64_t latest = 1;
  int temporaries = 0;
  // A slow machine needs more rounds, and longer ones, until kills fell into the writing and behind it.
  for (std::uint64_t round = 0; round < 40 || (round < 200 && (temporaries < 5 || latest < 5)); ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0)
      for (std::uint64_t iteration = latest + 1;; ++iteration) write_both(prefix, iteration);
    usleep(static_cast<useconds_t>(1000 + philox(round)[0] % (40'000 + 2000 * round)));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    for (const auto& entry : std::filesystem::directory_iterator(directory.path()))
      temporaries += entry.path().extension() == ".tmp";
    std::string warning;
    const auto found = latest_snapshot(prefix, [&](const std::string& text) { warning = text; });
    ASSERT_TRUE(found);
    EXPECT_EQ(warning, "") << "even the one being written was whole or absent";
    expect_whole(*found);
    expect_whole(prefix + ".octsnap");
    EXPECT_GE(SnapshotReader(*found).header().iteration, latest);
    latest = SnapshotReader(*found).header().iteration;
  }
  EXPECT_GT(latest, 1u);
  EXPECT_GT(temporaries, 0) << "no kill fell into a write: the test proves nothing";
}

}  // namespace
}  // namespace octrain::runtime
