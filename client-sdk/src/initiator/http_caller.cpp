#include <unistd.h>

#include <algorithm>
#include <escrow/context.hpp>
#include <escrow/http_caller.hpp>

#include "client-sdk/src/http/blocking.hpp"
#include "client-sdk/src/http/header_check.hpp"
#include "protocol/headers.hpp"

namespace escrow {
namespace {

http::HttpClientOptions options_with(const CallerTls& tls) {
  http::HttpClientOptions options;
  options.ca_file = tls.ca_file();
  options.certificate_file = tls.certificate_file();
  options.key_file = tls.key_file();
  return options;
}

Error error_of(const http::Failure& failure) {
  using Kind = http::Failure::Kind;
  if (failure.written) return make_error(Errc::unknown_outcome, failure.detail);
  if (failure.kind == Kind::invalid_url) return make_error(Errc::invalid_argument, failure.detail);
  if (failure.kind == Kind::closing) return make_error(Errc::cancelled, failure.detail);
  return make_error(Errc::unreachable, failure.detail);
}

}  // namespace

struct HttpCaller::State {
  explicit State(const CallerTls& tls) : process(::getpid()), client(options_with(tls)) {}
  pid_t process;
  http::HttpClient client;
};

std::optional<std::string> CallReply::header(std::string_view name) const {
  const auto found =
      std::ranges::find_if(headers_, [name](const auto& header) { return protocol::equal_header_names(header.first, name); });
  return found == headers_.end() ? std::nullopt : std::optional(found->second);
}

HttpCaller::HttpCaller(const std::string& ca_file) : HttpCaller(CallerTls().ca_file(ca_file)) {}

HttpCaller::HttpCaller(const CallerTls& tls)
    : state_(new State(tls), [](State* state) {
        // A forked child has no network thread to join: the memory is left alone.
        if (state->process == ::getpid()) delete state;
      }) {}

HttpCaller::~HttpCaller() = default;

std::future<Result<CallReply>> HttpCaller::begin(const OutgoingCall& call, std::function<bool(std::string_view)> on_piece) {
  auto promise = std::make_shared<std::promise<Result<CallReply>>>();
  auto future = promise->get_future();
  http::Request request;
  request.method = call.method();
  request.url = call.url();
  request.headers = outgoing_headers();
  // What the caller says himself goes first.
  for (const auto& header : call.headers()) {
    std::erase_if(request.headers, [&header](const auto& own) { return protocol::equal_header_names(own.first, header.first); });
  }
  request.headers.insert(request.headers.end(), call.headers().begin(), call.headers().end());
  if (call.body()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = *call.body();
  }
  request.on_piece = std::move(on_piece);
  request.piece_timeout = call.timeout();
  request.deadline =
      http::Clock::now() + std::clamp(call.timeout(), std::chrono::milliseconds(0), std::chrono::milliseconds(std::chrono::hours(24)));
  const bool valid = std::ranges::all_of(request.headers, [](const auto& header) { return http::is_header(header.first, header.second); });
  if (state_->process != ::getpid()) {
    promise->set_value(make_error(Errc::forked, "the caller was made in the parent process"));
  } else if (!valid || !http::is_token(request.method)) {
    promise->set_value(make_error(Errc::invalid_argument, "not a valid method or header"));
  } else {
    http::begin_exchange(state_->client, std::move(request), [promise](Result<http::Answer, http::Failure> answer) {
      if (answer) {
        promise->set_value(CallReply(answer->status, std::move(answer->headers), std::move(answer->body)));
      } else {
        promise->set_value(error_of(answer.error()));
      }
    });
  }
  return future;
}

std::future<Result<CallReply>> HttpCaller::call_async(const OutgoingCall& call) { return begin(call, nullptr); }

Result<CallReply> HttpCaller::stream(const OutgoingCall& call, std::function<bool(std::string_view)> on_piece) {
  return begin(call, std::move(on_piece)).get();
}

Result<CallReply> HttpCaller::call(const OutgoingCall& call) { return call_async(call).get(); }

}  // namespace escrow
