#include "tests/support/escrowd_process.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace escrow::testing {
namespace {

using namespace std::chrono_literals;

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> command(const std::string& program, const std::string& directory, const std::vector<std::string>& more) {
  std::vector<std::string> out{program, "--listen", "127.0.0.1:0", "--store", "sqlite:" + directory + "/escrow.db"};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace

EscrowdProcess::EscrowdProcess(const std::string& program, const std::string& directory, const std::vector<std::string>& more)
    : error_file_(directory + "/escrowd.log"), child_(command(program, directory, more), error_file_) {
  const auto line = child_.read_line(30s);
  for (const std::string_view expected : {"escrowd listening on http://127.0.0.1:", "escrowd listening on https://127.0.0.1:"}) {
    if (line && line->starts_with(expected)) port_ = static_cast<std::uint16_t>(std::stoul(line->substr(expected.size())));
  }
  if (port_ == 0) throw std::runtime_error("escrowd did not become ready: " + text_of(error_file_));
}

int EscrowdProcess::stop() {
  child_.signal(SIGTERM);
  return child_.wait();
}

FinishedProcess run_to_end(const std::vector<std::string>& command, const std::string& directory) {
  FinishedProcess out;
  const std::string errors = directory + "/finished.log";
  std::filesystem::remove(errors);
  ChildProcess child(command, errors);
  for (auto line = child.read_line(30s); line; line = child.read_line(30s)) out.output += *line + "\n";
  out.status = child.wait();
  out.errors = text_of(errors);
  return out;
}

}  // namespace escrow::testing
