#pragma once

#include <chrono>
#include <cstdint>
#include <escrow/http_caller.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/event_messages.hpp"
#include "cli/exit_status.hpp"

/// The coordinator's API as `escrowctl` uses it: one try, and when it fails a sentence that says what to do.
namespace escrow::cli {

struct ServerAddress {
  /// http://HOST:PORT or https://HOST:PORT
  std::string url;
  /// Sent as `Authorization: Bearer`; empty: none.
  std::string token;
  /// Sent as `Escrow-Actor`: whose hand it is.
  std::string actor;
  /// PEM files for https: authorities instead of the system's; our certificate and its key, where the coordinator asks for one.
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  /// For one request, beside the time that the coordinator was asked to wait.
  std::chrono::milliseconds timeout{10'000};
};

/// How it goes on behind a message: `anew` asks again from there.
enum class Follow : std::uint8_t { on, anew, end };

/// Who follows the event stream.
struct Follower {
  /// On the network's thread: must not call the coordinator.
  std::function<Follow(const EventMessage&)> on_message;
  /// The connection is lost and will be made again.
  std::function<void(const std::string& why)> on_lost;
  /// Before each connection, with the place behind which it will begin (empty: at the first). False: there is no need. May be empty.
  std::function<Outcome<bool>(const std::string& last_id)> before_connection = {};
};

class CoordinatorApi {
 public:
  /// Throws std::invalid_argument when the CA file can't be read.
  explicit CoordinatorApi(ServerAddress address);

  /// The body of a 2xx: JSON, byte for byte as it came. `target` is path and query.
  [[nodiscard]] Outcome<std::string> get(const std::string& target, std::chrono::milliseconds wait = {});
  /// `gid`: what to look up when the answer is lost.
  [[nodiscard]] Outcome<std::string> post(const std::string& target, const std::string& body, const std::string& gid = {},
                                          std::chrono::milliseconds wait = {});

  /// Follows the event stream until the follower has enough, over lost connections and whatever is said while the coordinator is away.
  /// Fails when the first connection can't be made, or when the coordinator says no.
  [[nodiscard]] Outcome<void> follow(const std::string& target, std::string last_id, const Follower& follower);

  [[nodiscard]] const ServerAddress& address() const { return address_; }

 private:
  [[nodiscard]] OutgoingCall call_to(const std::string& target, std::chrono::milliseconds timeout) const;
  [[nodiscard]] Outcome<std::string> result_of(Result<CallReply> reply) const;
  [[nodiscard]] Failure no_answer(const Error& error) const;
  /// Of something that may have been done.
  [[nodiscard]] Failure lost_answer(const std::string& why, const std::string& gid) const;

  ServerAddress address_;
  HttpCaller caller_;
};

/// The failure that an answer other than 2xx is.
[[nodiscard]] Failure failure_of(unsigned status, std::string_view body);

/// `%XX` for everything that has a meaning in a URL.
[[nodiscard]] std::string encoded(std::string_view text);

/// Builds `?a=b&c=d`.
class QueryText {
 public:
  QueryText& add(std::string_view name, std::string_view value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace escrow::cli
