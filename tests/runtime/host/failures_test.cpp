// What is refused before training, and what becomes of failures in the middle.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>

#include "host/file_tier.h"
#include "host/paged_space.h"
#include "host_cases.h"
#include "octrain/runtime/error.h"

namespace octrain::runtime::host {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const std::vector<std::uint64_t> kOneTensor{8 * kBlockBytes};

HostSpaceOptions file_options(const std::filesystem::path& dir) {
  HostSpaceOptions options = options_of(Kind::explicit_copy, TierKind::file);
  options.device_bytes = 8 * kBlockBytes;
  options.tier_dir = dir;
  return options;
}

TEST(Refusals, MissingTierDirectory) {
  EXPECT_THAT([] { (void)make_host_space(kOneTensor, file_options("/nowhere/at/all")); },
              ThrowsMessage<IoError>(HasSubstr("/nowhere/at/all")));
}

TEST(Refusals, TierDirectoryThatIsAFile) {
  EXPECT_THAT([] { (void)make_host_space(kOneTensor, file_options("/proc/self/exe")); },
              ThrowsMessage<IoError>(HasSubstr("/proc/self/exe")));
}

TEST(Refusals, TierDirectoryThatIsNotWritable) {
  EXPECT_THAT([] { (void)make_host_space(kOneTensor, file_options("/proc")); },
              ThrowsMessage<DeviceError>(HasSubstr("/proc")));
}

constexpr int kCannotTry = 77;

/// In a (child) process of its own file system view: ends with 0 if a read-only directory is refused with the
/// right words.
[[noreturn]] void try_read_only_directory() {
  const std::string dir = default_tier_dir().string();
  constexpr unsigned long kAgain = MS_BIND | MS_REMOUNT | MS_RDONLY;
  const bool ready = ::unshare(CLONE_NEWNS) == 0 &&
                     ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                     ::mount(dir.c_str(), dir.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
                     ::mount("none", dir.c_str(), nullptr, kAgain, nullptr) == 0;
  if (!ready) std::_Exit(kCannotTry);
  try {
    (void)make_host_space(kOneTensor, file_options(dir));
  } catch (const IoError& error) {
    const bool names_all =
        std::string(error.what()).find(dir) != std::string::npos && error.error_number() == EROFS;
    std::_Exit(names_all ? 0 : 2);
  }
  std::_Exit(1);
}

TEST(RefusalsDeathTest, TierDirectoryThatIsReadOnly) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a directory read-only";
  const auto refused_or_not_tried = [](int status) {
    return testing::ExitedWithCode(0)(status) || testing::ExitedWithCode(kCannotTry)(status);
  };
  EXPECT_EXIT(try_read_only_directory(), refused_or_not_tried, "");
}

TEST(Refusals, TierDirectoryInRam) {
  struct statfs answer {};
  constexpr long kTmpfs = 0x01021994;
  if (::statfs("/dev/shm", &answer) != 0 || answer.f_type != kTmpfs)
    GTEST_SKIP() << "/dev/shm is no tmpfs here";
  EXPECT_THAT([] { (void)make_host_space(kOneTensor, file_options("/dev/shm")); },
              ThrowsMessage<DeviceError>(HasSubstr("--tier ram")));
}

TEST(Refusals, TierDirectoryTooFull) {
  const auto dir = default_tier_dir();
  const std::uint64_t more = disk_space(dir).free_bytes + 64 * kMiB;
  try {
    HostSpaceOptions options = file_options(dir);
    options.kind = Kind::managed;
    (void)make_host_space(std::vector<std::uint64_t>{more}, options);
    FAIL() << "a tier larger than the disk was made";
  } catch (const OutOfDeviceMemory& error) {
    EXPECT_GE(error.shortfall_bytes(), 1U);
    EXPECT_THAT(error.what(), HasSubstr(dir.string()));
  }
}

TEST(Refusals, InCoreOverTheBudget) {
  HostSpaceOptions options = options_of(Kind::incore, TierKind::ram);
  options.device_bytes = 5 * kBlockBytes;
  options.workspace_bytes = 1;
  try {
    (void)make_host_space(kOneTensor, options);
    FAIL();
  } catch (const OutOfDeviceMemory& error) {
    EXPECT_EQ(error.shortfall_bytes(), 4 * kBlockBytes);
  }
}

TEST(Refusals, MoreThanTheRam) {
  const std::vector<std::uint64_t> much{available_ram_bytes() + kGiB};
  for (const Kind kind : {Kind::incore, Kind::managed, Kind::explicit_copy}) {
    HostSpaceOptions options = options_of(kind, TierKind::ram);
    options.device_bytes = kind == Kind::incore ? 0 : 8 * kBlockBytes;
    EXPECT_THROW((void)make_host_space(much, options), OutOfDeviceMemory);
  }
}

TEST(Refusals, BudgetOfNothing) {
  for (const Kind kind : {Kind::managed, Kind::explicit_copy}) {
    EXPECT_THROW((void)make_host_space(kOneTensor, options_of(kind, TierKind::ram)), OutOfDeviceMemory);
  }
}

/// From now on this process gets `error_number` for userfaultfd.
void forbid_userfaultfd(unsigned error_number) {
  const unsigned call = SYS_userfaultfd;
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error_number),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    std::_Exit(99);
  }
}

/// Ends this (child) process with 0 if managed memory is refused with the right words, and the other kinds
/// work.
[[noreturn]] void try_without_userfaultfd(unsigned error_number) {
  forbid_userfaultfd(error_number);
  HostSpaceOptions options = options_of(Kind::managed, TierKind::ram);
  options.device_bytes = 8 * kBlockBytes;
  try {
    (void)make_host_space(kOneTensor, options);
    std::_Exit(1);
  } catch (const DeviceError& error) {
    for (const char* word :
         {"vm.unprivileged_userfaultfd", "CAP_SYS_PTRACE", "seccomp", "explicit", "incore"}) {
      if (std::string(error.what()).find(word) == std::string::npos) std::_Exit(2);
    }
  }
  for (const Kind kind : {Kind::explicit_copy, Kind::incore}) {
    options.kind = kind;
    auto space = make_host_space(std::vector<std::uint64_t>{4 * kBlockBytes}, options);
    space->prefetch(0);
    space->quiesce();
  }
  std::_Exit(0);
}

TEST(RefusalsDeathTest, UserfaultfdRefused) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(try_without_userfaultfd(EPERM), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(try_without_userfaultfd(ENOSYS), testing::ExitedWithCode(0), "");
}

/// A tier whose transfers in one direction fail from the n-th on.
class FailingTier final : public Tier {
 public:
  FailingTier(std::unique_ptr<Tier> tier, Direction direction, int good)
      : tier_(std::move(tier)), direction_(direction), good_(good) {}
  [[nodiscard]] bool takes_frames() const override { return tier_->takes_frames(); }
  void drop(BlockId block) override { tier_->drop(block); }
  [[nodiscard]] std::string description() const override { return "failing " + tier_->description(); }
  [[nodiscard]] std::unique_ptr<TierChannel> open_channel() override {
    return std::make_unique<Channel>(*this, tier_->open_channel());
  }

 private:
  class Channel final : public TierChannel {
   public:
    Channel(FailingTier& tier, std::unique_ptr<TierChannel> channel)
        : tier_(tier), channel_(std::move(channel)) {}
    void start(const TierTransfer& transfer) override { channel_->start(transfer); }
    TierTransfer finish_one() override {
      TierTransfer transfer = channel_->finish_one();
      if (transfer.direction == tier_.direction_ && tier_.good_-- <= 0) transfer.error = EIO;
      return transfer;
    }

   private:
    FailingTier& tier_;
    std::unique_ptr<TierChannel> channel_;
  };

  std::unique_ptr<Tier> tier_;
  Direction direction_;
  std::atomic<int> good_;
};

std::unique_ptr<MemorySpace> failing_space(Kind kind, Direction direction, int good) {
  HostSpaceOptions options = options_of(kind, TierKind::file);
  options.device_bytes = 8 * kBlockBytes;
  Layout layout(std::vector<std::uint64_t>(3, 8 * kBlockBytes), {}, 0);
  auto tier = std::make_unique<FailingTier>(
      std::make_unique<FileTier>(options.tier_dir, layout.block_count()), direction, good);
  return std::make_unique<PagedSpace>(std::move(layout), options, std::move(tier));
}

const std::vector<TensorId> kFirst{0};

TEST(Failures, ReadOfAPrefetch) {
  for (const Kind kind : {Kind::managed, Kind::explicit_copy}) {
    auto space = failing_space(kind, Direction::in, 3);
    const std::vector<std::byte> contents(8 * kBlockBytes);
    space->write_contents(0, 0, contents);
    space->prefetch(0);
    EXPECT_THAT([&] { space->acquire({kFirst, {}, 0}); }, ThrowsMessage<IoError>(HasSubstr("file tier in")));
    EXPECT_THROW(space->prefetch(1), IoError) << "the failure stays";
    EXPECT_THROW(space->quiesce(), IoError);
  }
}

TEST(Failures, WriteOfAnEviction) {
  for (const Kind kind : {Kind::managed, Kind::explicit_copy}) {
    auto space = failing_space(kind, Direction::out, 3);
    const OpAccess writing{{}, kFirst, 0};
    space->acquire(writing);
    for (std::uint64_t block = 0; block < 8; ++block) space->address(0)[block * kBlockBytes] = std::byte{9};
    space->release(writing);
    space->evict(0);
    EXPECT_THROW(space->quiesce(), IoError);
    // What could not be written is still there.
    if (kind == Kind::managed) {
      for (std::uint64_t block = 0; block < 8; ++block)
        EXPECT_EQ(space->address(0)[block * kBlockBytes], std::byte{9});
    }
  }
}

TEST(FailuresDeathTest, ReadOfADemandFaultEndsTheProcessWithAMessage) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        auto space = failing_space(Kind::managed, Direction::in, 0);
        const std::vector<std::byte> contents(8 * kBlockBytes);
        space->write_contents(0, 0, contents);
        (void)*static_cast<volatile std::byte*>(space->address(0));
      },
      testing::ExitedWithCode(kExitDevice), "a page fault cannot be served: .*file tier");
}

TEST(FailuresDeathTest, FileCutShortAndFileLimit) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto write_beyond_the_limit = [] {
    std::signal(SIGXFSZ, SIG_IGN);
    Mapping frame(kBlockBytes);
    FileTier tier(default_tier_dir(), 2);
    const rlimit limit{kBlockBytes / 2, kBlockBytes / 2};  // the write ends short, and its rest fails
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) std::_Exit(98);
    const auto channel = tier.open_channel();
    channel->start({0, frame.data(), Direction::out, 0});
    std::_Exit(channel->finish_one().error == EFBIG ? 0 : 1);
  };
  EXPECT_EXIT(write_beyond_the_limit(), testing::ExitedWithCode(0), "");
}

TEST(Channels, BothWaysOfFileAccessAgree) {
  const std::string name = (default_tier_dir() / "octrain-channel-test-XXXXXX").string();
  std::string path = name;
  const UniqueFd file(::mkostemp(path.data(), O_DIRECT | O_CLOEXEC));
  ASSERT_TRUE(static_cast<bool>(file));
  ::unlink(path.c_str());
  Mapping frames(2 * kBlockBytes);
  std::fill_n(frames.data(), kBlockBytes, std::byte{0x3c});
  const auto blocking = open_blocking_channel(file.get());
  blocking->start({1, frames.data(), Direction::out, 0});
  EXPECT_EQ(blocking->finish_one().error, 0);
  for (const auto open : {open_uring_channel, open_blocking_channel}) {
    const auto channel = open(file.get());
    std::fill_n(frames.data() + kBlockBytes, kBlockBytes, std::byte{0});
    channel->start({1, frames.data() + kBlockBytes, Direction::in, 0});
    EXPECT_EQ(channel->finish_one().error, 0);
    EXPECT_TRUE(std::equal(frames.data(), frames.data() + kBlockBytes, frames.data() + kBlockBytes));
    channel->start({2, frames.data(), Direction::in, 0});  // the file ends before
    EXPECT_EQ(channel->finish_one().error, EIO);
  }
}

}  // namespace
}  // namespace octrain::runtime::host
