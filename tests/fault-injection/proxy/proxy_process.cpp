#include "tests/fault-injection/proxy/proxy_process.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "tests/support/raw_socket.hpp"

namespace escrow::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> command_line(const std::string& program, const std::string& directory, const std::string& rules,
                                      const std::vector<std::string>& more) {
  const std::string path = directory + "/rules.yaml";
  std::ofstream(path, std::ios::binary) << rules;
  std::vector<std::string> command{program, path};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

std::uint16_t port_in(const std::string& line) { return static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1))); }

}  // namespace

ProxyProcess::ProxyProcess(const std::string& program, const std::string& directory, const std::string& rules,
                           const std::vector<std::string>& more)
    : child_(command_line(program, directory, rules, more), directory + "/proxy.log") {
  while (control_ == 0) {
    const auto line = child_.read_line(30s);
    if (!line) throw std::runtime_error("the proxy did not become ready: " + text_of(directory + "/proxy.log"));
    std::istringstream words(*line);
    std::string first;
    std::string second;
    words >> first >> second;
    if (first == "link") ports_[second] = port_in(*line);
    if (first == "escrow-fault-proxy") control_ = port_in(*line);
  }
}

std::string ProxyProcess::url(const std::string& link, const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port(link)) + path;
}

HttpMessage ProxyProcess::control(const std::string& method, const std::string& target, const std::string& body) const {
  return send_http(control_, method, target, body);
}

void ProxyProcess::command(const std::string& method, const std::string& target, const std::string& body) const {
  const HttpMessage reply = control(method, target, body);
  if (reply.status != 204) throw std::runtime_error(method + " " + target + ": " + std::to_string(reply.status) + " " + reply.body);
}

std::vector<json> ProxyProcess::history(std::uint64_t from) const {
  std::vector<json> entries;
  for (bool is_over = false; !is_over;) {
    std::istringstream lines(control("GET", "/history?from=" + std::to_string(from)).body);
    is_over = true;
    for (std::string line; std::getline(lines, line);) {
      entries.push_back(json::parse(line));
      from = entries.back().at("seq").get<std::uint64_t>() + 1;
      is_over = false;
    }
  }
  return entries;
}

bool ProxyProcess::wait_for(const json& wanted) const {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  std::uint64_t from = 0;
  while (std::chrono::steady_clock::now() < deadline) {
    for (const json& entry : history(from)) {
      from = entry.at("seq").get<std::uint64_t>() + 1;
      const bool has_all = std::ranges::all_of(
          wanted.items(), [&](const auto& member) { return entry.contains(member.key()) && entry[member.key()] == member.value(); });
      if (has_all) return true;
    }
  }
  return false;
}

int ProxyProcess::stop() {
  child_.signal(SIGTERM);
  return child_.wait();
}

}  // namespace escrow::testing
