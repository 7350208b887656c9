#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client-sdk/src/testing/loopback_server.hpp"
#include "protocol/headers.hpp"

namespace escrow::testing {

/// A participant that answers 200 unless told otherwise, and remembers what it was asked. Thread-safe.
class Participant {
 public:
  struct Call {
    std::string path;
    std::string body;
    http::Headers headers;

    [[nodiscard]] std::string header(std::string_view name) const {
      for (const auto& [key, value] : headers) {
        if (protocol::equal_header_names(key, name)) return value;
      }
      return {};
    }
  };

  Participant() : server_([this](const Received& request) { return answer(request); }) {}

  [[nodiscard]] std::string url(const std::string& path) const { return server_.url() + path; }

  /// The next calls of that path are answered so, one after another; then 200 again.
  void answers(const std::string& path, std::deque<Reply> replies) {
    const std::lock_guard lock(mutex_);
    replies_[path] = std::move(replies);
  }
  void answers(const std::string& path, unsigned status, const std::string& body = {}) {
    Reply reply;
    reply.status = status;
    reply.body = body;
    answers(path, {reply});
  }
  /// Called with every request, before it is answered.
  void on_call(std::function<void(const Call&)> observer) {
    const std::lock_guard lock(mutex_);
    observer_ = std::move(observer);
  }

  [[nodiscard]] std::vector<Call> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  /// The paths in the order of the calls.
  [[nodiscard]] std::vector<std::string> paths() const {
    std::vector<std::string> paths;
    for (const Call& call : calls()) paths.push_back(call.path);
    return paths;
  }

 private:
  Reply answer(const Received& request) {
    Call call{request.url, request.body, request.headers};
    std::function<void(const Call&)> observer;
    Reply reply;
    reply.headers.emplace_back("Content-Type", "application/json");
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(call);
      observer = observer_;
      auto& waiting = replies_[call.path];
      if (!waiting.empty()) {
        reply = waiting.front();
        waiting.pop_front();
      }
    }
    if (observer) observer(call);
    return reply;
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::deque<Reply>> replies_;
  std::function<void(const Call&)> observer_;
  std::vector<Call> calls_;
  LoopbackServer server_;
};

inline Reply reply_with(unsigned status, std::string body = {}, http::Headers headers = {}) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(body);
  reply.headers = std::move(headers);
  return reply;
}

inline Reply no_reply() {
  Reply reply;
  reply.delivery = Reply::Delivery::nothing;
  return reply;
}

}  // namespace escrow::testing
