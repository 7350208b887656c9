#include "cli/coordinator_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/terminal.hpp"
#include "protocol/headers.hpp"

namespace escrow::cli {
namespace {

using nlohmann::json;

/// A stream says something at least every 15 seconds.
constexpr std::chrono::milliseconds longest_silence{60'000};
constexpr std::chrono::milliseconds first_pause{500};
constexpr std::chrono::milliseconds longest_pause{5'000};

/// What a coordinator, or what stands before it, says while it can't serve: it may have passed a moment later.
bool is_passing(unsigned status) { return status >= 500 || status == 408 || status == 429; }

ExitStatus status_of(unsigned status) {
  if (status == 404) return ExitStatus::not_found;
  if (status == 409) return ExitStatus::conflict;
  if (is_passing(status)) return ExitStatus::unavailable;
  return ExitStatus::refused;
}

std::string advice_for(unsigned status, const std::string& code) {
  if (status == 401) return "Give a token that it knows with ESCROW_TOKEN, --token-file or --token.";
  if (status == 403) return "Another token may, with the role that is named; or the address that was used does not.";
  if (code == "already_decided") return "It has been decided the other way, or has ended: escrowctl transactions show GID";
  if (code == "past_pivot") return "Past the point of no return only the pivot's own refusal aborts it; it can be retried and resolved.";
  if (code == "not_interactive") return "A driven transaction commits by itself.";
  if (code == "not_resolvable") return "Only an operation that is owed now can be resolved: escrowctl transactions show GID";
  if (code == "gid_conflict") return "The gid belongs to another request; give the new transaction a gid of its own.";
  if (code == "draining") return "The coordinator is being stopped; try again when it is back.";
  if (status == 503) return "Try again in a moment; escrowctl info and its log say what is wrong.";
  return "";
}

/// Every fault of an invalid request in a line of its own.
std::string faults_of(const json& problem) {
  std::string out;
  const auto errors = problem.find("errors");
  if (errors == problem.end() || !errors->is_array()) return out;
  for (const json& fault : *errors) {
    const std::string where = fault.contains("parameter") ? fault.value("parameter", "") : fault.value("pointer", "");
    out += fmt::format("\n  {}: {}", where.empty() ? "the body" : where, fault.value("detail", ""));
  }
  return out;
}

/// Whether it is the coordinator that says no.
bool is_problem(const json& body) { return body.is_object() && body.contains("code"); }

}  // namespace

Failure failure_of(unsigned status, std::string_view body) {
  const json problem = json::parse(body, nullptr, false);
  if (!is_problem(problem)) {
    return {status_of(status), fmt::format("the answer was {} and not one of an escrowd", status), "Is the address right?"};
  }
  const std::string code = problem.value("code", "");
  std::string what = problem.value("detail", "");
  if (what.empty()) what = problem.value("title", "");
  Failure failure{status_of(status), fmt::format("{} ({} {})", what, status, code), advice_for(status, code)};
  failure.what += faults_of(problem);
  return failure;
}

CoordinatorApi::CoordinatorApi(ServerAddress address)
    : address_(std::move(address)),
      caller_(CallerTls().ca_file(address_.ca_file).certificate(address_.certificate_file, address_.key_file)) {
  while (address_.url.ends_with('/')) address_.url.pop_back();
}

OutgoingCall CoordinatorApi::call_to(const std::string& target, std::chrono::milliseconds timeout) const {
  OutgoingCall call(address_.url + target);
  call.timeout(timeout);
  if (!address_.token.empty()) call.header("Authorization", "Bearer " + address_.token);
  return call;
}

Failure CoordinatorApi::no_answer(const Error& error) const {
  if (error.code == Errc::invalid_argument) {
    return {ExitStatus::usage, fmt::format("{} can't be called: {}", address_.url, error.detail),
            "--server, or ESCROW_SERVER, is http://HOST:PORT or https://HOST:PORT."};
  }
  if (error.code == Errc::unknown_outcome) {
    return {ExitStatus::unavailable, fmt::format("{} did not answer: {}", address_.url, error.detail),
            "Try again in a moment; --timeout-ms gives it more time."};
  }
  return {ExitStatus::unavailable, fmt::format("no coordinator answers at {}: {}", address_.url, error.detail),
          "Start one with escrowd, or name it with --server or ESCROW_SERVER."};
}

Failure CoordinatorApi::lost_answer(const std::string& why, const std::string& gid) const {
  return {ExitStatus::unavailable, fmt::format("the answer of {} was lost ({}); it may have been done", address_.url, why),
          gid.empty() ? "Look before you repeat it: escrowctl transactions list" : "Look at it: escrowctl transactions show " + gid};
}

Outcome<std::string> CoordinatorApi::result_of(Result<CallReply> reply) const {
  if (!reply) return no_answer(reply.error());
  if (!reply->is_success()) return failure_of(reply->status(), reply->body());
  if (!json::accept(reply->body())) {
    return Failure{ExitStatus::refused, fmt::format("what answers at {} is no escrowd", address_.url), "Is the address right?"};
  }
  return reply->body();
}

Outcome<std::string> CoordinatorApi::get(const std::string& target, std::chrono::milliseconds wait) {
  return result_of(caller_.call(call_to(target, address_.timeout + wait)));
}

Outcome<std::string> CoordinatorApi::post(const std::string& target, const std::string& body, const std::string& gid,
                                          std::chrono::milliseconds wait) {
  OutgoingCall call = call_to(target, address_.timeout + wait);
  call.method("POST");
  if (!body.empty()) call.json(body);
  if (!address_.actor.empty()) call.header(std::string(protocol::header_actor), address_.actor);
  auto reply = caller_.call(call);
  if (!reply && reply.error().code == Errc::unknown_outcome) return lost_answer(reply.error().detail, gid);
  // Whoever says so is not the coordinator, which may have got it.
  if (reply && reply->status() >= 500 && !is_problem(json::parse(reply->body(), nullptr, false)))
    return lost_answer(fmt::format("{} of something in between", reply->status()), gid);
  return result_of(std::move(reply));
}

Outcome<void> CoordinatorApi::follow(const std::string& target, std::string last_id, const Follower& follower) {
  auto pause = first_pause;
  const auto lost = [&](const std::string& why) {
    follower.on_lost(why);
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, longest_pause);
  };
  for (bool is_first = true;; is_first = false) {
    if (follower.before_connection) {
      const auto wanted = follower.before_connection(last_id);
      if (!wanted && (is_first || wanted.error().status != ExitStatus::unavailable)) return wanted.error();
      if (wanted && !*wanted) return {};
      if (!wanted) {
        lost(wanted.error().what);
        continue;
      }
    }
    OutgoingCall call = call_to(target, longest_silence);
    call.header("Accept", "text/event-stream");
    if (!last_id.empty()) call.header("Last-Event-ID", last_id);
    EventMessages messages;
    Follow follow = Follow::on;
    bool was_heard = false;
    const auto reply = caller_.stream(call, [&](std::string_view piece) {
      was_heard = true;
      for (const EventMessage& message : messages.feed(piece)) {
        if (!message.data.empty()) follow = follower.on_message(message);
        if (!message.id.empty()) last_id = message.id;
        if (follow != Follow::on) return false;
      }
      if (!messages.last_id().empty()) last_id = messages.last_id();
      return true;
    });
    if (follow == Follow::end) return {};
    if (was_heard) pause = first_pause;
    if (follow == Follow::anew) continue;
    const bool is_refused = reply && !reply->is_success();
    if (is_refused && (is_first || !is_passing(reply->status()))) return failure_of(reply->status(), reply->body());
    if (!reply && is_first && !was_heard) return no_answer(reply.error());
    lost(is_refused ? fmt::format("the answer was {}", reply->status())
         : reply    ? "the coordinator ended the stream"
                    : reply.error().detail);
  }
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                          c == '~' || c == ':';
    if (is_plain) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

QueryText& QueryText::add(std::string_view name, std::string_view value) {
  text_.append(text_.empty() ? "?" : "&").append(encoded(name)).append("=").append(encoded(value));
  return *this;
}

}  // namespace escrow::cli
