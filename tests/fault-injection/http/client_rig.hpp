#pragma once

#include "coordinator/transport/http_client.hpp"
#include "tests/fault-injection/http/network.hpp"
#include "tests/fault-injection/http/server_rig.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace escrow::http_faults {

/// The product's HTTP client in memory and in a time of its own; the test is every participant. It is kept from conversation to
/// conversation, its connections are not.
class ClientRig {
 public:
  ClientRig();
  ~ClientRig();
  ClientRig(const ClientRig&) = delete;
  ClientRig& operator=(const ClientRig&) = delete;

  /// One call that is answered with these pieces, and then another one, whose answer must be its own. Everything is compared with what the
  /// reference reads. Nothing, or what was wrong.
  std::string converse(const std::vector<std::string_view>& pieces, Then then, const std::string& method = "POST");

  /// One call of whose request only the first `bytes` get through. `is_kept`: on a connection that has carried a call before.
  std::string cut_request(std::size_t bytes, Then then, bool is_kept);

  /// One call whose answer comes byte by byte, each in less than its limit, all of them in more.
  std::string drip(std::string_view answer);

  /// One call to an address where nobody is (`refused`) or that is never heard of again.
  std::string cannot_connect(bool refused);

  /// Of the last conversation's first call.
  [[nodiscard]] const transport::CallAnswer& first_answer() const { return first_answer_; }

  /// How long a request is on the wire.
  [[nodiscard]] std::size_t request_size();
  [[nodiscard]] std::uint64_t conversations() const { return conversations_; }

 private:
  struct Want {
    bool answered = false;
    int status = 0;
    std::string body;
    transport::CallFailureKind kind = transport::CallFailureKind::reset;
    bool by_limit = false;
    bool kept = false;
  };

  void begin(const std::string& path, const std::string& method = "POST");
  void pump();
  std::string end();
  /// The line that holds a request which has not been answered.
  std::shared_ptr<Line> asked(const std::string& path);
  [[nodiscard]] Want want(const std::vector<std::string_view>& pieces, Then then, bool to_head) const;
  std::string wait_for_limit();
  [[nodiscard]] std::string compare(const Want& want) const;
  std::string call_again(const Line* kept);

  Network network_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<transport::HttpClient> client_;
  std::vector<std::shared_ptr<Line>> lines_;
  std::size_t next_window_ = std::size_t{1} << 18;
  bool never_connects_ = false;
  std::shared_ptr<Connecting> connecting_;
  std::optional<transport::CallAnswer> answer_;
  transport::CallAnswer first_answer_;
  int begun_ = 0;
  int ended_ = 0;
  int requests_ = 0;
  std::uint64_t conversations_ = 0;
};

}  // namespace escrow::http_faults
