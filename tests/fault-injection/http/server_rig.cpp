#include "tests/fault-injection/http/server_rig.hpp"

#include "tests/fault-injection/http/virtual_time.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace escrow::http_faults {
namespace {

using namespace std::chrono_literals;

constexpr auto work_takes = 1000ms;
constexpr auto linger = 1000ms;
/// What two messages and what the kernel would have taken may come to.
constexpr std::size_t most_read_ahead = 16384;

std::string echo(std::size_t number, std::string_view method, std::string_view target, std::string_view body) {
  return fmt::format("{}|{} {}|{}", number, method, target, body);
}

int status_of(End end) {
  switch (end) {
    case End::header_too_large: return 431;
    case End::body_too_large: return 413;
    case End::malformed:
    case End::incomplete:
    case End::complete: return 400;
  }
  return 400;
}

/// What time it was is of no account.
bool begins_with(std::string_view whole, std::string_view beginning) {
  constexpr std::string_view date = "\r\nDate: ";
  for (std::size_t at = 0; at < beginning.size(); ++at) {
    if (whole.substr(at).starts_with(date)) at = whole.find("\r\n", at + date.size());
    if (at < beginning.size() && whole[at] != beginning[at]) return false;
  }
  return beginning.size() <= whole.size();
}

/// A counter that goes down again however the coroutine ends.
class Working {
 public:
  explicit Working(int& count) : count_(count) { ++count_; }
  ~Working() { --count_; }
  Working(const Working&) = delete;
  Working& operator=(const Working&) = delete;

 private:
  int& count_;
};

}  // namespace

transport::ServerLimits ServerRig::small_limits() {
  transport::ServerLimits limits;
  limits.header_bytes = 1024;
  limits.body_bytes = 4096;
  limits.connections = 4;
  return limits;
}

ServerRig::ServerRig(transport::ServerLimits limits) : limits_(limits), work_(io_.get_executor()) {
  server_ = std::make_unique<transport::HttpServer>(io_.get_executor(), limits,
                                                    [this](transport::Request request) { return answer(std::move(request)); });
  const auto bound = server_->listen("127.0.0.1:7400");
  if (!bound) throw std::runtime_error(bound.error().detail);
  endpoint_ = {boost::asio::ip::address_v4::loopback(), bound->port};
  server_->run();
  pump();
}

ServerRig::~ServerRig() {
  network_.enter();
  auto drained = boost::asio::co_spawn(io_, server_->drain(0ms), boost::asio::use_future);
  pump();
  drained.get();
  server_.reset();
}

async::Task<transport::Response> ServerRig::answer(transport::Request request) {
  const Working working(working_);
  const std::size_t number = handled_.size();
  handled_.push_back({request.method, request.target, request.body});
  if (request.path.starts_with("/wait")) {
    async::Timer timer(io_.get_executor(), async::Clock::now() + work_takes);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  transport::Response response(200);
  response.body = echo(number, request.method, request.target, request.body);
  co_return response;
}

void ServerRig::pump() {
  run_ready(io_);
  if (line_ && is_taking_) output_ += line_->take(1);
}

void ServerRig::wait_for_handlers() {
  for (int i = 0; i < 100 && working_ > 0; ++i) {
    VirtualTime::advance(work_takes);
    pump();
  }
}

ServerRig::Expected ServerRig::expect(std::string_view sent) const {
  const ReadLimits limits{.header_bytes = limits_.header_bytes, .body_bytes = limits_.body_bytes};
  Expected expected;
  while (!sent.empty() && !expected.closes) {
    ReadRequest request = read_request(sent, limits);
    if (request.end != End::complete) {
      expected.end = request.end;
      expected.closes = request.end != End::incomplete;
      expected.has_rest = true;
      expected.rest_has_head = request.has_head;
      break;
    }
    sent.remove_prefix(request.size);
    expected.closes = !request.keeps_alive;
    expected.requests.push_back(std::move(request));
  }
  return expected;
}

/// Nothing more comes: each limit ends it at its time, and not before.
std::string ServerRig::wait_out(const Expected& expected) {
  if (expected.closes) {
    VirtualTime::advance(linger);
    pump();
    return line_->is_closed(1) ? "" : "the server did not hang up";
  }
  auto limit = expected.requests.empty() ? limits_.header_timeout : limits_.idle_timeout;
  if (expected.has_rest) limit = expected.rest_has_head ? limits_.body_timeout : limits_.header_timeout;
  const std::size_t before = output_.size();
  VirtualTime::advance(limit - 1ms);
  pump();
  if (line_->is_closed(1) || line_->is_ended(1) || output_.size() != before) return "a limit passed before its time";
  VirtualTime::advance(1ms);
  pump();
  if (!line_->is_closed(1) && !line_->is_ended(1)) return "a limit did not end it";
  VirtualTime::advance(linger);
  pump();
  return line_->is_closed(1) ? "" : "the server did not close what it ended";
}

std::string ServerRig::check_handled(const Expected& expected) const {
  if (handled_.size() != expected.requests.size()) {
    return fmt::format("{} requests were handled, {} had been sent", handled_.size(), expected.requests.size());
  }
  for (std::size_t i = 0; i < handled_.size(); ++i) {
    const ReadRequest& sent = expected.requests[i];
    if (handled_[i].method != sent.method || handled_[i].target != sent.target || handled_[i].body != sent.body) {
      return fmt::format("request {} was handled as {} {}", i, handled_[i].method, handled_[i].target);
    }
  }
  return "";
}

std::string ServerRig::check_answers(const Expected& expected, Then then) const {
  std::string_view rest = output_;
  for (std::size_t i = 0; i < expected.requests.size(); ++i) {
    const ReadRequest& request = expected.requests[i];
    const bool to_head = request.method == "HEAD";
    const ReadAnswer answer = read_answer(rest, false, to_head);
    if (answer.end != End::complete) return fmt::format("answer {} is not whole", i);
    const std::string body = to_head ? "" : echo(i, request.method, request.target, request.body);
    if (answer.status != 200 || answer.body != body) return fmt::format("answer {} is {} {}", i, answer.status, answer.body);
    if (answer.interim > (request.expects_continue ? 1 : 0)) return fmt::format("answer {} has interim ones before it", i);
    if (answer.keeps_alive != request.keeps_alive) return fmt::format("answer {} does not say whether the connection is kept", i);
    rest.remove_prefix(answer.size);
  }
  const bool gets_error = expected.has_rest && (expected.end != End::incomplete || then != Then::resets);
  if (!gets_error) return rest.empty() || expected.rest_has_head ? "" : "something came behind the answers";
  const ReadAnswer error = read_answer(rest, false, false);
  const int status = expected.end == End::incomplete && then == Then::stalls ? 408 : status_of(expected.end);
  if (error.end != End::complete || error.status != status) {
    return fmt::format("what could not be read was answered with {}, not {}", error.status, status);
  }
  if (error.keeps_alive || error.size != rest.size()) return "the connection goes on behind what could not be read";
  return "";
}

std::string ServerRig::check_prefix(const Expected& expected, std::size_t count) const {
  if (handled_.size() != count) return fmt::format("{} requests were handled, {} had their turn", handled_.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    const ReadRequest& sent = expected.requests[i];
    if (handled_[i].method != sent.method || handled_[i].target != sent.target || handled_[i].body != sent.body)
      return fmt::format("request {} was handled as {} {}", i, handled_[i].method, handled_[i].target);
  }
  return "";
}

void ServerRig::begin() {
  ++conversations_;
  network_.enter();
  line_ = std::make_shared<Line>();
  handled_.clear();
  output_.clear();
}

std::string ServerRig::end_of_connection() {
  std::string fault;
  if (!line_->is_closed(1)) fault = "the server keeps a connection that has ended";
  if (fault.empty() && (server_->connections() != 0 || working_ != 0)) fault = "something of the connection is still running";
  is_taking_ = true;
  line_->close(0);
  pump();
  line_.reset();
  return fault;
}

std::string ServerRig::whole_answer(std::string_view request) {
  const std::string fault = converse({request}, Then::half_closes);
  if (!fault.empty()) throw std::runtime_error(fault);
  return output_;
}

std::string ServerRig::cut_answer(std::string_view request, std::string_view whole, std::size_t bytes, Then then) {
  begin();
  is_taking_ = false;
  line_->set_window(1, bytes);
  network_.connect(endpoint_, line_, std::make_shared<Connecting>());
  line_->send(0, request);
  pump();
  wait_for_handlers();
  const Expected expected = expect(request);
  const std::string taken = line_->unread(1);
  std::string fault;
  if (taken.size() != std::min(bytes, whole.size()) || !begins_with(whole, taken))
    fault = fmt::format("{} bytes came that are no beginning of the answer", taken.size());
  // Those whose answers were taken, and the one whose answer was not.
  std::size_t count = 0;
  std::string_view rest = taken;
  while (fault.empty() && count < expected.requests.size()) {
    const ReadAnswer answer = read_answer(rest, false, expected.requests[count].method == "HEAD");
    if (answer.end != End::complete) break;
    rest.remove_prefix(answer.size);
    ++count;
  }
  count = std::min(count + 1, expected.requests.size());
  switch (then) {
    case Then::resets: line_->reset(); break;
    case Then::half_closes: line_->end(0); [[fallthrough]];
    case Then::stalls:
      VirtualTime::advance(limits_.body_timeout - 1ms);
      pump();
      if (fault.empty() && line_->is_closed(1)) fault = "the limit for taking an answer passed before its time";
      VirtualTime::advance(1ms);
      pump();
      if (fault.empty() && line_->unread(1).size() != taken.size()) fault = "something came behind what was taken";
      VirtualTime::advance(linger);
      break;
  }
  pump();
  if (fault.empty()) fault = check_prefix(expected, count);
  const std::string left = end_of_connection();
  return fault.empty() ? left : fault;
}

std::string ServerRig::leave(std::string_view request, std::chrono::milliseconds after, Then then) {
  begin();
  network_.connect(endpoint_, line_, std::make_shared<Connecting>());
  line_->send(0, request);
  pump();
  std::string fault;
  if (working_ != 1) fault = "nobody works on it";
  VirtualTime::advance(after);
  pump();
  if (fault.empty() && working_ != 1) fault = "the work was over too soon";
  if (then == Then::resets) {
    line_->reset();
  } else {
    line_->end(0);
  }
  pump();
  // Whoever goes does not take the work along.
  if (fault.empty() && working_ != 1) fault = "the handler was cancelled because its client went";
  wait_for_handlers();
  pump();
  const Expected expected = expect(request);
  if (then == Then::half_closes) {
    if (fault.empty()) fault = check_handled(expected);
    if (fault.empty()) fault = check_answers(expected, then);
  } else {
    if (fault.empty() && !output_.empty()) fault = "something was said to a client that had gone";
    if (fault.empty()) fault = check_prefix(expected, 1);
  }
  const std::string left = end_of_connection();
  return fault.empty() ? left : fault;
}

std::string ServerRig::drip(std::string_view at_once, std::string_view dripping) {
  ++conversations_;
  network_.enter();
  line_ = std::make_shared<Line>();
  handled_.clear();
  output_.clear();
  network_.connect(endpoint_, line_, std::make_shared<Connecting>());
  line_->send(0, at_once);
  pump();
  const auto limit = read_request(at_once).has_head ? limits_.body_timeout : limits_.header_timeout;
  const auto pause = limit / static_cast<int>(dripping.size() + 1) + 1ms;
  auto passed = 0ms;
  std::string fault;
  for (std::size_t i = 0; i < dripping.size() && passed + pause < limit; ++i) {
    VirtualTime::advance(pause);
    passed += pause;
    line_->send(0, dripping.substr(i, 1));
    pump();
    if (line_->is_ended(1)) fault = "a limit passed before its time";
  }
  VirtualTime::advance(limit - passed - 1ms);
  pump();
  if (line_->is_ended(1)) fault = "a limit passed before its time";
  VirtualTime::advance(1ms);
  pump();
  const ReadAnswer answer = read_answer(output_, false, false);
  if (!line_->is_ended(1) || answer.status != 408) fault = "a limit is not one for all of it";
  if (!handled_.empty()) fault = "half a request was handled";
  line_->close(0);
  pump();
  if (fault.empty() && server_->connections() != 0) fault = "something of the connection is still running";
  line_.reset();
  return fault;
}

std::string ServerRig::converse(const std::vector<std::string_view>& pieces, Then then) {
  ++conversations_;
  network_.enter();
  line_ = std::make_shared<Line>();
  handled_.clear();
  output_.clear();
  network_.connect(endpoint_, line_, std::make_shared<Connecting>());
  pump();
  std::string sent;
  for (const std::string_view piece : pieces) {
    sent += piece;
    line_->send(0, piece);
    pump();
  }
  wait_for_handlers();
  const Expected expected = expect(sent);
  std::string fault;
  if (expected.closes && line_->unread(0).size() > most_read_ahead) fault = "the server goes on reading what it has refused";
  switch (then) {
    case Then::half_closes: line_->end(0); break;
    case Then::resets: line_->reset(); break;
    case Then::stalls:
      if (const std::string late = wait_out(expected); fault.empty()) fault = late;
      break;
  }
  pump();
  if (fault.empty() && !line_->is_closed(1)) fault = "the server keeps a connection that has ended";
  if (fault.empty() && (server_->connections() != 0 || working_ != 0)) fault = "something of the connection is still running";
  line_->close(0);
  pump();
  if (fault.empty()) fault = check_handled(expected);
  if (fault.empty()) fault = check_answers(expected, then);
  line_.reset();
  return fault;
}

}  // namespace escrow::http_faults
