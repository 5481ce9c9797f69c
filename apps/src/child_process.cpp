#include "child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "octrain/runtime/error.h"
#include "octrain/runtime/interrupt.h"

namespace octrain::apps {

namespace {

/// Both ends, closed with it.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw runtime::IoError("cannot make a pipe", errno);
  }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_reader() { close_end(ends_[0]); }
  void close_writer() { close_end(ends_[1]); }

 private:
  static void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

/// False at the end of what comes.
bool take(int from, std::string& into) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(from, buffer.data(), buffer.size());
  if (count > 0) into.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

/// Until both ends are closed, or we are interrupted.
void collect(Pipe& out, Pipe& err, Ended& ended) {
  std::array<pollfd, 2> from{{{out.reader(), POLLIN, 0}, {err.reader(), POLLIN, 0}}};
  while ((from[0].fd >= 0 || from[1].fd >= 0) && !ended.interrupted) {
    const int ready = ::poll(from.data(), from.size(), 100);
    ended.interrupted = runtime::pending_interrupt() != 0;
    if (ready <= 0) continue;
    if (from[0].revents != 0 && !take(from[0].fd, ended.out)) from[0].fd = -1;
    if (from[1].revents != 0 && !take(from[1].fd, ended.err)) from[1].fd = -1;
  }
}

}  // namespace

Ended run_to_end(const std::string& program, const std::vector<std::string>& arguments) {
  Pipe out, err;
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw runtime::IoError("cannot start " + program, errno);
  if (child == 0) {  // only what is safe after a fork
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
    ::dup2(out.writer(), STDOUT_FILENO);
    ::dup2(err.writer(), STDERR_FILENO);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  out.close_writer();
  err.close_writer();
  Ended ended;
  collect(out, err, ended);
  if (ended.interrupted) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

}  // namespace octrain::apps
