#include "apps/program.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "octrain/runtime/host/host_space.h"

namespace octrain::testing {

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A name that no other test of any process has.
std::filesystem::path fresh_path() {
  static int count = 0;
  return std::filesystem::path("/var/tmp") /
         ("octrain-test-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
}

/// In the child only: from here on stream `number` is the file.
void redirect(int number, const char* path) {
  const int file = ::open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0 || ::dup2(file, number) < 0) ::_exit(127);
}

}  // namespace

std::string Outcome::error_line() const {
  const std::string text = err.substr(0, err.find_last_not_of('\n') + 1);
  return text.substr(text.find_last_of('\n') + 1);
}

RunningOctrain::RunningOctrain(const Arguments& arguments, const std::string& launcher)
    : out_(fresh_path()), err_(fresh_path()) {
  std::vector<std::string> words = {OCTRAIN_BINARY};
  if (!launcher.empty()) words.insert(words.begin(), launcher);
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    redirect(STDOUT_FILENO, out_.c_str());
    redirect(STDERR_FILENO, err_.c_str());
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
}

RunningOctrain::~RunningOctrain() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::filesystem::remove(out_);
  std::filesystem::remove(err_);
}

void RunningOctrain::signal(int number) const { ::kill(pid_, number); }

bool RunningOctrain::wait_until(const std::function<bool()>& happened, std::chrono::seconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!happened()) {
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        ended.si_pid == pid_) {
      return happened();
    }
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

Outcome RunningOctrain::wait() {
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) throw std::system_error(errno, std::generic_category(), "waitpid");
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(out_), read_file(err_)};
}

Outcome run_octrain(const Arguments& arguments, const std::string& launcher) {
  return RunningOctrain(arguments, launcher).wait();
}

Outcome run_octrain_on_terminal(const Arguments& arguments, unsigned columns,
                                const std::vector<std::string>& environment) {
  std::vector<std::string> words = {OCTRAIN_BINARY}, variables = environment;
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  winsize size{};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (child < 0) throw std::system_error(errno, std::generic_category(), "forkpty");
  if (child == 0) {
    for (std::string& variable : variables) ::putenv(variable.data());
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  Outcome outcome;
  std::array<char, 4096> buffer;
  // At the end of what was written the last read fails: nobody has the other side open.
  for (ssize_t count = 0; (count = ::read(terminal, buffer.data(), buffer.size())) > 0;)
    outcome.out.append(buffer.data(), static_cast<std::size_t>(count));
  ::close(terminal);
  int status = 0;
  if (::waitpid(child, &status, 0) != child)
    throw std::system_error(errno, std::generic_category(), "waitpid");
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

TemporaryDirectory::TemporaryDirectory() : path_(fresh_path()) { std::filesystem::create_directory(path_); }

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<double> losses(const nlohmann::json& train_result) {
  std::vector<double> values;
  for (const auto& iteration : train_result.at("iterations"))
    values.push_back(iteration.at("loss").get<double>());
  return values;
}

std::uint64_t last_snapshot(const std::filesystem::path& prefix) {
  const std::string start = prefix.filename().string() + "_iter_", end = ".octsnap";
  std::uint64_t last = 0;
  for (const auto& entry : std::filesystem::directory_iterator(prefix.parent_path())) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(start) || !name.ends_with(end)) continue;
    last = std::max<std::uint64_t>(last, std::stoull(name.substr(start.size())));
  }
  return last;
}

bool managed_memory_works() {
  for (const auto& capability : runtime::host::host_capabilities("/var/tmp")) {
    if (capability.name == "userfaultfd") return capability.available;
  }
  return false;
}

}  // namespace octrain::testing
