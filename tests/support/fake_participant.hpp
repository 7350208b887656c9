#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/http_client.hpp"
#include "tests/support/raw_server.hpp"

namespace escrow::testing {

/// What a participant says to a call.
struct ParticipantAnswer {
  int status = 200;
  std::string body = {};
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// Opens once; whoever waits before goes on then. Waits end after ten seconds.
class Gate {
 public:
  void open();
  void wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
};

/// A service that remembers every call and answers as it is told, by path. Unless told otherwise it answers 200 with an empty body.
class FakeParticipant {
 public:
  /// `call` counts the calls of that path from 1. Runs on the connection's thread; it may wait on a Gate.
  using Rule = std::function<ParticipantAnswer(const HttpMessage& request, int call)>;

  FakeParticipant();
  ~FakeParticipant();

  void on(const std::string& path, Rule rule);
  /// The same answer to every call.
  void on(const std::string& path, ParticipantAnswer answer);

  [[nodiscard]] std::string url(const std::string& path) const { return server_->url(path); }
  /// All calls so far in the order of their arrival, or those of one path.
  [[nodiscard]] std::vector<HttpMessage> calls() const;
  [[nodiscard]] std::vector<HttpMessage> calls(const std::string& path) const;
  /// Waits until that many calls of a path have arrived; false after ten seconds.
  [[nodiscard]] bool wait_for_calls(const std::string& path, std::size_t count) const;

 private:
  ParticipantAnswer answer(const HttpMessage& request);

  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  std::map<std::string, Rule> rules_;
  std::vector<HttpMessage> calls_;
  std::unique_ptr<RawServer> server_;  // last: its threads use the rest
};

}  // namespace escrow::testing
