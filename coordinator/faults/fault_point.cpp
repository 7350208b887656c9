#include "coordinator/faults/fault_point.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

#include "coordinator/faults/fault_allocation.hpp"
#include "coordinator/faults/fault_rule.hpp"

/// The one place in the coordinator that reads its orders from the environment: it is not there in what is shipped.
///
///   FAULT_POINTS         rules
///   FAULT_POINTS_FILE    a file with rules, read again whenever it has changed; replace it by renaming another one over it
///   FAULT_POINTS_TRACE   a file that gets a line for each place that is reached, and one beginning with `!` for each rule that strikes
namespace escrow::faults {
namespace {

using Action = Rule::Action;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

void wait_ms(int milliseconds) {
  timespec left{milliseconds / 1'000, static_cast<long>(milliseconds % 1'000) * 1'000'000};
  while (::nanosleep(&left, &left) != 0) {
  }
}

class Rules {
 public:
  static Rules& instance() {
    static Rules rules;
    return rules;
  }

  [[nodiscard]] const std::atomic<bool>& armed() const { return armed_; }

  /// The rule that strikes here, if one does.
  std::optional<Rule> strike(std::string_view point, std::string_view context) {
    const std::lock_guard lock(mutex_);
    read_file();
    if (trace_ >= 0) note(std::string(point) + " " + std::string(context) + "\n");
    for (Rule& rule : rules_) {
      if (!rule.fits(point, context)) continue;
      if (!rule.while_file.empty() && !is_there(rule.while_file)) continue;
      if (!rule.strikes()) continue;
      if (trace_ >= 0) note("! " + std::string(point) + " " + std::string(context) + "\n");
      return rule;
    }
    return std::nullopt;
  }

 private:
  Rules() : file_(environment("FAULT_POINTS_FILE")) {
    set(environment("FAULT_POINTS"));
    if (const std::string trace = environment("FAULT_POINTS_TRACE"); !trace.empty()) {
      trace_ = ::open(trace.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    }
    armed_ = !rules_.empty() || !file_.empty() || trace_ >= 0;
  }

  void set(const std::string& text) {
    auto rules = parse_rules(text);
    if (!rules) {
      // A test that sets a rule nobody understands must not pass for one that met no fault.
      std::fprintf(stderr, "%s\n", rules.error().detail.c_str());
      std::_Exit(64);
    }
    rules_ = *std::move(rules);
  }

  void read_file() {
    if (file_.empty()) return;
    struct stat found = {};
    if (::stat(file_.c_str(), &found) != 0) found = {};
    const bool is_known = found.st_ino == seen_.st_ino && found.st_mtim.tv_sec == seen_.st_mtim.tv_sec &&
                          found.st_mtim.tv_nsec == seen_.st_mtim.tv_nsec && found.st_size == seen_.st_size;
    if (is_known) return;
    seen_ = found;
    std::ifstream file(file_);
    set({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
  }

  void note(const std::string& line) const { [[maybe_unused]] const auto written = ::write(trace_, line.data(), line.size()); }

  std::atomic<bool> armed_ = false;
  std::mutex mutex_;
  std::string file_;
  struct stat seen_ = {};
  std::vector<Rule> rules_;
  int trace_ = -1;
};

int perform(const Rule& rule, std::string_view point) {
  switch (rule.action) {
    case Action::kill:
      ::kill(::getpid(), SIGKILL);
      while (true) ::pause();
    case Action::abort: std::abort();
    case Action::stop: ::kill(::getpid(), SIGSTOP); return 0;
    case Action::term: ::kill(::getpid(), SIGTERM); return 0;
    case Action::exit: std::_Exit(rule.value);
    case Action::delay: wait_ms(rule.value); return 0;
    case Action::hold:
      while (is_there(rule.while_file)) wait_ms(1);
      return 0;
    case Action::throws: throw std::runtime_error("a fault rule threw at " + std::string(point));
    case Action::nomem: throw std::bad_alloc();
    case Action::error: return rule.value;
    case Action::memory:
    case Action::starve:
      is_starving = rule.action == Action::starve;
      allocations_left = rule.value;
      return 0;
  }
  return 0;
}

}  // namespace

std::atomic<std::int64_t> allocations_left = 0;
std::atomic<bool> is_starving = false;
thread_local bool is_at_a_point = false;

const std::atomic<bool>& armed = Rules::instance().armed();

int failure_at(std::string_view marked_point, std::string_view context) {
  struct AtAPoint {
    AtAPoint() { is_at_a_point = true; }
    ~AtAPoint() { is_at_a_point = false; }
  };
  const AtAPoint guard;
  const std::string_view point = marked_point.substr(mark.size());
  const auto rule = Rules::instance().strike(point, context);
  return rule ? perform(*rule, point) : 0;
}

void reached(std::string_view marked_point, std::string_view context) {
  if (failure_at(marked_point, context) == 0) return;
  std::fprintf(stderr, "nothing can fail at %s\n", std::string(marked_point).c_str());
  std::_Exit(64);
}

}  // namespace escrow::faults
