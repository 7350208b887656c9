#include "tests/fault-injection/process/kept_process.hpp"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace escrow::processes {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;
/// An address may be somebody else's for a moment, so a start that fails is not repeated at once.
constexpr int most_failed_starts = 20;
constexpr auto pause_behind_failed_start = 250ms;

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::uint16_t port_in(const std::string& line) {
  const auto colon = line.rfind(':');
  return colon == std::string::npos ? std::uint16_t{0} : static_cast<std::uint16_t>(std::stoul(line.substr(colon + 1)));
}

}  // namespace

KeptProcess::KeptProcess(Program program) : program_(std::move(program)), keeper_([this] { keep(); }) {}

KeptProcess::~KeptProcess() {
  if (keeper_.joinable()) end();
}

void KeptProcess::write_rules(const std::string& rules) const {
  if (program_.rules_file.empty()) return;
  const std::string next = program_.rules_file + ".next";
  std::ofstream(next, std::ios::trunc) << rules << '\n';
  if (std::rename(next.c_str(), program_.rules_file.c_str()) != 0) throw std::runtime_error("rename " + next);
}

void KeptProcess::keep() {
  int failed_starts = 0;
  std::unique_lock lock(mutex_);
  while (!is_stopping_ && !has_given_up_) {
    std::string rules;
    const bool is_planned = !planned_.empty();
    if (is_planned) {
      rules = std::move(planned_.front());
      planned_.pop_front();
    }
    write_rules(rules);
    std::vector<std::string> environment = program_.environment;
    if (!program_.rules_file.empty()) environment.push_back("FAULT_POINTS_FILE=" + program_.rules_file);
    child_.emplace(program_.command(port_), program_.error_file, std::move(environment));
    ++number_;
    testing::ChildProcess& child = *child_;
    lock.unlock();
    const auto line = child.read_line(patience);
    const std::uint16_t port = line ? port_in(*line) : std::uint16_t{0};
    const std::uint16_t shown = line && program_.shown_as ? program_.shown_as(port) : port;
    lock.lock();
    if (line) {
      failed_starts = 0;
      port_ = port;
      shown_port_ = shown;
      is_ready_ = true;
    } else if (!is_planned && ++failed_starts >= most_failed_starts) {
      has_given_up_ = true;
    }
    changed_.notify_all();
    lock.unlock();
    child.wait_for_end();
    lock.lock();
    endings_.push_back(child.wait());
    is_ready_ = false;
    changed_.notify_all();
    if (failed_starts > 0) changed_.wait_for(lock, pause_behind_failed_start, [this] { return is_stopping_; });
  }
}

KeptProcess::Life KeptProcess::life() {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait_for(lock, patience, [this] { return is_ready_ || has_given_up_; });
  if (!came || !is_ready_) throw std::runtime_error("no life of the process became ready: " + text_of(program_.error_file));
  return {number_, shown_port_};
}

bool KeptProcess::wait_for_end(std::uint64_t life, std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most, [&] { return number_ != life || !is_ready_; });
}

void KeptProcess::set_rules(const std::string& rules) {
  std::unique_lock lock(mutex_);
  // What a start that is under way writes for itself must not take their place.
  changed_.wait_for(lock, patience, [this] { return is_ready_ || has_given_up_; });
  write_rules(rules);
}

void KeptProcess::plan_rules(const std::vector<std::string>& rules) {
  const std::lock_guard lock(mutex_);
  planned_.assign(rules.begin(), rules.end());
}

void KeptProcess::signal(int number) {
  const std::lock_guard lock(mutex_);
  if (child_) child_->signal(number);
}

bool KeptProcess::is_stopped() {
  const std::lock_guard lock(mutex_);
  if (!child_ || child_->pid() < 0) return false;
  return text_of("/proc/" + std::to_string(child_->pid()) + "/stat").find(") T ") != std::string::npos;
}

int KeptProcess::end_with(int signal_number) {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
    if (child_) child_->signal(signal_number);
    // What is stopped hears nothing.
    if (child_) child_->signal(SIGCONT);
  }
  keeper_.join();
  return endings_.empty() ? -1 : endings_.back();
}

int KeptProcess::stop() { return end_with(SIGTERM); }
void KeptProcess::end() { end_with(SIGKILL); }

std::vector<int> KeptProcess::endings() {
  const std::lock_guard lock(mutex_);
  return endings_;
}

pid_t KeptProcess::pid() {
  const std::lock_guard lock(mutex_);
  return child_ ? child_->pid() : -1;
}

}  // namespace escrow::processes
