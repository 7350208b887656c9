#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <escrow/branch.hpp>

#include "protocol/result.hpp"

/// Whether a call comes from the coordinator (docs/protocol.md, section 4.1). A ParticipantServer asks by itself once
/// ServerOptions::verify_calls names a key; whoever has a server of his own asks a CallVerifier before anything else.
namespace escrow {

class SignatureOptions {
 public:
  /// A `whsec_` secret, which the coordinator holds too, or the `whpk_` public key of the one it signs with. Any number of them: a call
  /// signed with one is let in, so that keys can change while calls go on.
  SignatureOptions& key(std::string text) {
    keys_.push_back(std::move(text));
    return *this;
  }
  /// The key of an initiator that calls `action` or `try` itself: it counts for these forward calls alone, so that whoever has it can't
  /// undo or confirm anything. Any number of them.
  SignatureOptions& initiator_key(std::string text) {
    initiator_keys_.push_back(std::move(text));
    return *this;
  }
  /// More keys, one a line, `#` begins a comment, `forward` in front of a key makes it an initiator's. Read again when the file has
  /// changed; one that can't be used then is told to the log, and the keys stay as they were.
  SignatureOptions& key_file(std::string path) {
    key_file_ = std::move(path);
    return *this;
  }
  /// How far the time of a signature may lie before or after this machine's (default 5 minutes).
  SignatureOptions& tolerance(std::chrono::seconds value) {
    tolerance_ = value;
    return *this;
  }
  /// Host and port as the URLs that are called name them (`stock.example`, `stock.example:8443`; without :80 in http and :443 in https).
  /// Any number of them. Name them where others hold the same key, or the public half of the same pair, and where a proxy changes `Host`:
  /// without any, the header `Host` is believed, and whoever forwards a call that he got may write there what he likes.
  SignatureOptions& called_as(std::string authority) {
    authorities_.push_back(std::move(authority));
    return *this;
  }
  /// What a proxy takes off the front of the path before it hands the call on: the coordinator signs the path that it calls.
  SignatureOptions& behind_prefix(std::string prefix) {
    prefix_ = std::move(prefix);
    return *this;
  }
  /// How often the key file is looked at, at most (default every second).
  SignatureOptions& look_every(std::chrono::milliseconds value) {
    look_every_ = value;
    return *this;
  }
  /// Instead of the system's clock, for tests.
  SignatureOptions& clock(std::function<std::chrono::system_clock::time_point()> now) {
    clock_ = std::move(now);
    return *this;
  }

  [[nodiscard]] const std::vector<std::string>& keys() const noexcept { return keys_; }
  [[nodiscard]] const std::vector<std::string>& initiator_keys() const noexcept { return initiator_keys_; }
  [[nodiscard]] const std::vector<std::string>& authorities() const noexcept { return authorities_; }
  [[nodiscard]] const std::string& key_file() const noexcept { return key_file_; }
  [[nodiscard]] std::chrono::seconds tolerance() const noexcept { return tolerance_; }
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }
  [[nodiscard]] std::chrono::milliseconds look_every() const noexcept { return look_every_; }
  [[nodiscard]] const std::function<std::chrono::system_clock::time_point()>& clock() const noexcept { return clock_; }

 private:
  std::vector<std::string> keys_;
  std::vector<std::string> initiator_keys_;
  std::vector<std::string> authorities_;
  std::string key_file_;
  std::chrono::seconds tolerance_{300};
  std::string prefix_;
  std::chrono::milliseconds look_every_{1'000};
  std::function<std::chrono::system_clock::time_point()> clock_;
};

/// Copies share their keys. Thread-safe.
class CallVerifier {
 public:
  using Log = std::function<void(const std::string& line)>;

  /// Errc::invalid_argument: no key at all, one that is none, or a file that can't be read; never quotes a key. `log` is told, from any
  /// thread, what becomes of the key file later.
  [[nodiscard]] static Result<CallVerifier> make(SignatureOptions options, Log log = {});

  /// `target` is path and query as they stand in the request line; `lookup` knows `Host`, too, unless `called_as` says what it is.
  /// Errc::unverified_call: answer it with `unverified_call_answer`, and touch nothing before.
  [[nodiscard]] Result<void> verify(std::string_view method, std::string_view target, const Branch::HeaderLookup& lookup,
                                    std::string_view body) const;
  /// As above; a header of the signature, or `Host`, that comes twice is a fault, too.
  [[nodiscard]] Result<void> verify(std::string_view method, std::string_view target, const Branch::Headers& headers,
                                    std::string_view body) const;

 private:
  struct State;
  explicit CallVerifier(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

/// 401 with a problem document. The coordinator takes it as unknown and asks again, so a forgotten secret stops a transaction and loses
/// none. (The answer owes a header `WWW-Authenticate`, too; ParticipantServer sends `Webhook-Signature`.)
[[nodiscard]] HttpAnswer unverified_call_answer(const Error& error);

}  // namespace escrow
