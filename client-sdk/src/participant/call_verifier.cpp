#include <escrow/call_verifier.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>

#include <escrow/error.hpp>

#include "client-sdk/src/participant/problem.hpp"
#include "client-sdk/src/signing/watched_file.hpp"
#include "protocol/headers.hpp"
#include "protocol/signing/key_list.hpp"
#include "protocol/signing/signature.hpp"

namespace escrow {
namespace {

namespace wire = protocol::signing;
using Keys = std::vector<wire::VerifyingKey>;
using Clock = std::chrono::steady_clock;

std::optional<std::string_view> view_of(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

}  // namespace

struct CallVerifier::State {
  State(SignatureOptions given, Log told) : options(std::move(given)), log(std::move(told)), file(options.key_file()) {}

  const SignatureOptions options;
  const Log log;
  /// Those of the options; the file's stand beside them.
  Keys fixed;

  std::mutex mutex;
  escrow::signing::WatchedFile file;
  std::shared_ptr<const Keys> keys;
  Clock::time_point looked_at = Clock::now();

  /// Of the text that the keys are from: the text itself is secret, and this only spares the log a line.
  std::size_t hash_of_file = 0;

  Result<void> read_file();
  std::shared_ptr<const Keys> current();
  [[nodiscard]] std::int64_t now_s() const;
};

/// Takes the file's keys in, or says why not and leaves everything as it is.
Result<void> CallVerifier::State::read_file() {
  auto all = std::make_shared<Keys>(fixed);
  if (!options.key_file().empty()) {
    const auto text = file.read();
    if (!text) return make_error(Errc::invalid_argument, "the key file " + options.key_file() + " can't be read");
    auto read = wire::read_key_list(*text);
    if (!read) return make_error(Errc::invalid_argument, "the key file " + options.key_file() + " can't be used: " + read.error());
    all->insert(all->end(), read->begin(), read->end());
    hash_of_file = std::hash<std::string>()(*text);
  }
  if (all->empty()) return make_error(Errc::invalid_argument, "there is no key to verify calls with");
  keys = std::move(all);
  return {};
}

std::shared_ptr<const Keys> CallVerifier::State::current() {
  const std::lock_guard lock(mutex);
  if (options.key_file().empty()) return keys;
  const auto now = Clock::now();
  if (now - looked_at < options.look_every()) return keys;
  looked_at = now;
  if (!file.has_changed()) return keys;
  const auto before = hash_of_file;
  const auto read = read_file();
  if (log && (!read || hash_of_file != before))
    log(read ? "the key file " + options.key_file() + " has changed and was read again"
             : read.error().detail + "; the keys stay as they were");
  return keys;
}

std::int64_t CallVerifier::State::now_s() const {
  const auto now = options.clock() ? options.clock()() : std::chrono::system_clock::now();
  return std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
}

Result<CallVerifier> CallVerifier::make(SignatureOptions options, Log log) {
  auto state = std::make_shared<State>(std::move(options), std::move(log));
  for (const std::string& text : state->options.keys()) {
    auto key = wire::VerifyingKey::parse(text);
    if (!key) return make_error(Errc::invalid_argument, "a key to verify calls with can't be used: " + key.error());
    state->fixed.push_back(std::move(*key));
  }
  for (const std::string& text : state->options.initiator_keys()) {
    auto key = wire::VerifyingKey::parse(text);
    if (!key) return make_error(Errc::invalid_argument, "an initiator's key to verify calls with can't be used: " + key.error());
    state->fixed.push_back(key->for_forward_calls());
  }
  if (auto read = state->read_file(); !read) return read.error();
  return CallVerifier(std::move(state));
}

Result<void> CallVerifier::verify(std::string_view method, std::string_view target, const Branch::HeaderLookup& lookup,
                                  std::string_view body) const {
  const auto gid = lookup(protocol::header_gid).value_or(std::string());
  const auto branch = lookup(protocol::header_branch).value_or(std::string());
  const auto operation = lookup(protocol::header_operation).value_or(std::string());
  const auto phase = lookup(protocol::header_phase).value_or(std::string());
  const auto id = lookup(protocol::header_webhook_id);
  const auto timestamp = lookup(protocol::header_webhook_timestamp);
  const auto signatures = lookup(protocol::header_webhook_signature);

  const std::string called = state_->options.prefix() + std::string(target);
  const std::string host = lookup("Host").value_or(std::string());
  wire::CallIdentity call{method, host, called, gid, branch, operation, phase};
  // Of several names by which it is called, the one that the call was signed for.
  for (const std::string& authority : state_->options.authorities()) {
    call.authority = authority;
    if (id && *id == wire::call_id(call)) break;
  }
  const wire::SignatureHeaders headers{view_of(id), view_of(timestamp), view_of(signatures)};
  const auto keys = state_->current();
  const auto refusal = wire::refuse_call(*keys, call, body, headers, state_->now_s(), state_->options.tolerance());
  if (refusal) return make_error(Errc::unverified_call, refusal->detail);
  return {};
}

Result<void> CallVerifier::verify(std::string_view method, std::string_view target, const Branch::Headers& headers,
                                  std::string_view body) const {
  for (const std::string_view name :
       {std::string_view("Host"), protocol::header_webhook_id, protocol::header_webhook_timestamp, protocol::header_webhook_signature}) {
    const auto count =
        std::ranges::count_if(headers, [name](const auto& header) { return protocol::equal_header_names(header.first, name); });
    if (count > 1) return make_error(Errc::unverified_call, "the header " + std::string(name) + " comes more than once");
  }
  const Branch::HeaderLookup lookup = [&headers](std::string_view name) -> std::optional<std::string> {
    for (const auto& [header, value] : headers) {
      if (protocol::equal_header_names(header, name)) return value;
    }
    return std::nullopt;
  };
  return verify(method, target, lookup, body);
}

HttpAnswer unverified_call_answer(const Error& error) {
  return participant::problem(401, "unauthenticated", "Not a call of the coordinator", error.detail);
}

}  // namespace escrow
