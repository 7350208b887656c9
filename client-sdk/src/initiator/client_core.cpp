#include "client-sdk/src/initiator/client_core.hpp"

#include <unistd.h>

#include <algorithm>
#include <escrow/context.hpp>
#include <escrow/interactive_scope.hpp>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>

#include "client-sdk/src/http/retry_after.hpp"
#include "client-sdk/src/initiator/transaction_reader.hpp"
#include "protocol/headers.hpp"
#include "protocol/url.hpp"

namespace escrow {
namespace {

using http::Clock;
using std::chrono::milliseconds;

/// How long one request may be held back by the coordinator: a dead one is noticed soon after.
constexpr milliseconds longest_wait{20'000};
/// Between two looks for the end of a transaction.
constexpr milliseconds shortest_look{100};
constexpr milliseconds first_pause{50};
constexpr milliseconds longest_pause{1'000};

milliseconds pause_after(unsigned failures) {
  thread_local std::minstd_rand random{std::random_device{}()};
  auto pause = first_pause;
  for (unsigned i = 1; i < failures && pause < longest_pause; ++i) pause *= 2;
  pause = std::min(pause, longest_pause);
  // A fifth less at most: clients that failed together do not come back together.
  return pause - pause * std::uniform_int_distribution<int>(0, 20)(random) / 100;
}

void check(const ClientOptions& options) {
  if (options.urls().empty()) throw std::invalid_argument("no coordinator's address is given");
  for (const std::string& url : options.urls()) {
    if (const auto parsed = protocol::Url::parse(url); !parsed) {
      throw std::invalid_argument("the coordinator's address " + url + " can't be used: " + parsed.error());
    }
  }
  if (options.actor().find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    throw std::invalid_argument("the actor holds a line break");
  }
}

signing::CallSigner signer_of(const ClientOptions& options) {
  signing::CallSigner signer;
  for (const auto& [pattern, key] : options.signing_keys()) signer.add(pattern, key);
  return signer;
}

http::HttpClientOptions http_options(const ClientOptions& options) {
  http::HttpClientOptions http;
  http.ca_file = options.ca_file();
  http.certificate_file = options.certificate_file();
  http.key_file = options.key_file();
  http.connect_timeout = options.connect_timeout();
  return http;
}

milliseconds left_until(Clock::time_point then) {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(then - Clock::now()));
}

ClientError not_in_child() { return {Errc::forked, "a client can't be used in a child of the process that made it"}; }

}  // namespace

/// Where one call may go next, and when. On the network thread.
class ClientCore::Addresses {
 public:
  Addresses(std::size_t count, std::size_t first) : not_before_(count), failures_(count), first_(first) {}

  /// The first that may be asked soonest, beginning with the one that answered last.
  [[nodiscard]] std::size_t next() const {
    std::size_t best = first_;
    for (std::size_t i = 1; i < not_before_.size(); ++i) {
      const std::size_t candidate = (first_ + i) % not_before_.size();
      if (not_before_[candidate] < not_before_[best]) best = candidate;
    }
    return best;
  }
  [[nodiscard]] Clock::time_point not_before(std::size_t address) const { return not_before_[address]; }

  void failed(std::size_t address, std::optional<milliseconds> retry_after = std::nullopt) {
    const auto pause = pause_after(++failures_[address]);
    not_before_[address] = Clock::now() + retry_after.value_or(pause);
  }

 private:
  std::vector<Clock::time_point> not_before_;
  std::vector<unsigned> failures_;
  std::size_t first_;
};

std::shared_ptr<ClientCore> ClientCore::create(const ClientOptions& options) {
  check(options);
  // In a forked child the threads are not there, and joining them would never end: the memory is left alone.
  return {new ClientCore(options), [](ClientCore* core) {
            if (!core->is_forked()) delete core;
          }};
}

ClientCore::ClientCore(const ClientOptions& options)
    : options_(options),
      token_(options.token(), options.token_file()),
      signer_(signer_of(options)),
      process_(::getpid()),
      http_(http_options(options)) {}

void ClientCore::close() {
  http_.close();
  callbacks_.close();
}

bool ClientCore::is_forked() const { return ::getpid() != process_; }

ApiCall ClientCore::new_call(std::string method, std::string path, std::string gid, milliseconds wait) const {
  ApiCall call;
  call.method = std::move(method);
  call.path = std::move(path);
  call.gid = std::move(gid);
  for (auto& header : outgoing_headers()) {
    if (header.first != protocol::header_gid) call.headers.push_back(std::move(header));
  }
  // A bound keeps the sums below from overflowing; nobody waits for years.
  const auto bounded = std::clamp(wait, milliseconds(0), milliseconds(std::chrono::hours(24 * 365)));
  call.wait_until = Clock::now() + bounded;
  call.give_up = call.wait_until + options_.total_timeout();
  return call;
}

http::Request ClientCore::to_request(const ApiCall& call, std::size_t address) {
  const auto now = Clock::now();
  const auto wait = std::min(left_until(call.wait_until), longest_wait);
  http::Request request;
  request.method = call.method;
  request.url = options_.urls()[address] + call.path;
  if (!call.query.empty()) request.url += "?" + call.query;
  if (wait > milliseconds(0)) request.url += (call.query.empty() ? "?wait_ms=" : "&wait_ms=") + std::to_string(wait.count());
  request.headers = call.headers;
  request.headers.emplace_back("Accept", "application/json");
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (const std::string& token = token_.now(); !token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  if (!options_.actor().empty()) request.headers.emplace_back(protocol::header_actor, options_.actor());
  request.body = call.body;
  request.deadline = std::min(call.give_up, now + options_.attempt_timeout() + wait);
  request.repeatable = true;
  return request;
}

template <class T>
http::Task<Result<T, ClientError>> ClientCore::perform(ApiCall call, Decode<T> decode) {
  Addresses addresses(options_.urls().size(), current_address_);
  bool may_be_recorded = false;
  ClientError last(Errc::unreachable, "no time was left to try");
  while (true) {
    const std::size_t address = addresses.next();
    const auto not_before = addresses.not_before(address);
    if (Clock::now() >= call.give_up || not_before >= call.give_up) break;
    if (not_before > Clock::now() && !co_await http_.sleep_until(not_before)) break;

    auto request = to_request(call, address);
    const auto answer = co_await http_.exchange(std::move(request));
    if (!answer) {
      may_be_recorded = may_be_recorded || answer.error().written;
      last = ClientError(Errc::unreachable, answer.error().detail);
      if (http_.is_closing()) break;
      addresses.failed(address);
      continue;
    }
    if (answer->status / 100 == 2) {
      auto decoded = decode(answer->body);
      if (decoded) {
        current_address_ = address;
        co_return std::move(decoded).value();
      }
      may_be_recorded = true;
      last = ClientError(Errc::broken_answer, decoded.error().detail).http_status(answer->status);
      addresses.failed(address);
      continue;
    }
    Verdict verdict = judge(answer.value(), call.gid);
    last = std::move(verdict.error);
    if (verdict.kind == Verdict::Kind::definite) {
      current_address_ = address;
      co_return last;
    }
    may_be_recorded = may_be_recorded || verdict.kind == Verdict::Kind::maybe;
    std::optional<milliseconds> retry_after;
    if (const auto header = answer->header("Retry-After")) retry_after = http::parse_retry_after(*header, std::chrono::system_clock::now());
    addresses.failed(address, retry_after);
  }

  const std::string why = http_.is_closing() ? "the client was destroyed; " + last.detail() : last.detail();
  Errc code = http_.is_closing() ? Errc::cancelled : last.code();
  if (may_be_recorded && !call.only_looks()) code = Errc::unknown_outcome;
  co_return ClientError(code, why).gid(call.gid).http_status(last.http_status()).problem(last.problem());
}

http::Task<Result<TransactionView, ClientError>> ClientCore::perform_view(ApiCall call, Waiting waiting) {
  auto seen = co_await perform<TransactionView>(call, &TransactionReader::transaction);
  if (!seen) co_return seen;
  std::optional<ClientError> trouble;
  auto next_look = Clock::now();
  while (!seen->is_terminal() && Clock::now() < call.wait_until) {
    // A coordinator that does not hold the answer back is no reason for a tight loop.
    if (next_look > Clock::now() && !co_await http_.sleep_until(std::min(next_look, call.wait_until))) break;
    next_look = Clock::now() + shortest_look;
    ApiCall look;
    look.path = "/v1/transactions/" + seen->gid();
    look.gid = seen->gid();
    look.headers = call.headers;
    look.wait_until = call.wait_until;
    look.give_up = call.give_up;
    auto later = co_await perform<TransactionView>(std::move(look), &TransactionReader::transaction);
    if (!later) {
      trouble = later.error();
      break;
    }
    seen = std::move(later);
  }
  if (seen->is_terminal() || waiting == Waiting::keeps) co_return seen;
  if (waiting == Waiting::shows) {
    if (trouble) co_return *trouble;
    co_return seen;
  }
  const std::string why = trouble ? "looking for its end failed: " + trouble->detail() : "it has not ended yet";
  co_return ClientError(Errc::unknown_outcome, why).gid(seen->gid()).last_status(seen->status());
}

template <class T>
http::Task<void> ClientCore::deliver(std::shared_ptr<ClientCore> core, std::shared_ptr<typename Pending<T>::State> state,
                                     std::function<http::Task<Result<T, ClientError>>(ClientCore&)> work) {
  auto task = work(*core);
  auto result = co_await std::move(task);
  // The callback may destroy the client, which joins this thread: nothing of it is held here any more.
  core.reset();
  state->arrive(std::move(result));
}

template <class T>
Pending<T> ClientCore::failed(ClientError error) {
  auto state = std::make_shared<typename Pending<T>::State>();
  // In a child, nobody serves the callback thread's queue.
  state->post = is_forked() ? [](std::function<void()> work) { work(); } : callbacks_.poster();
  state->arrive(std::move(error));
  return Pending<T>(std::move(state));
}

template <class T>
Pending<T> ClientCore::begin(std::function<http::Task<Result<T, ClientError>>(ClientCore&)> work) {
  if (is_forked()) return failed<T>(not_in_child());
  auto state = std::make_shared<typename Pending<T>::State>();
  state->post = callbacks_.poster();
  if (!http_.spawn(deliver<T>(shared_from_this(), state, std::move(work)))) {
    state->arrive(ClientError(Errc::cancelled, "the client has been destroyed"));
  }
  return Pending<T>(std::move(state));
}

template <class T>
Pending<T> ClientCore::begin(ApiCall call, Decode<T> decode) {
  return begin<T>([call = std::move(call), decode](ClientCore& core) { return core.perform<T>(call, decode); });
}

Pending<TransactionView> ClientCore::begin_view(ApiCall call, Waiting waiting) {
  return begin<TransactionView>([call = std::move(call), waiting](ClientCore& core) { return core.perform_view(call, waiting); });
}

template Pending<TransactionView> ClientCore::failed(ClientError error);
template Pending<std::vector<EventView>> ClientCore::failed(ClientError error);
template Pending<TransactionPage> ClientCore::begin(ApiCall call, Decode<TransactionPage> decode);
template Pending<std::vector<EventView>> ClientCore::begin(ApiCall call, Decode<std::vector<EventView>> decode);
template Pending<CoordinatorInfo> ClientCore::begin(ApiCall call, Decode<CoordinatorInfo> decode);
template Pending<ForwardAnswer> ClientCore::begin(std::function<http::Task<Result<ForwardAnswer, ClientError>>(ClientCore&)> work);

}  // namespace escrow
