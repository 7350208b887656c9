#include "tests/fault-injection/proxy/connection.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/fault-injection/proxy/copies.hpp"
#include "tests/fault-injection/proxy/link.hpp"
#include "tests/fault-injection/proxy/station.hpp"

namespace escrow::proxy {
namespace {

namespace asio = boost::asio;

enum class Peek : std::uint8_t { bytes, nothing, closed, reset };

Peek peek(Socket& socket) {
  char byte = 0;
  const auto count = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count > 0) return Peek::bytes;
  if (count == 0) return Peek::closed;
  return errno == EAGAIN || errno == EWOULDBLOCK ? Peek::nothing : Peek::reset;
}

void no_delay(Socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
}

std::string text_of(const Said& said) {
  if (said.raw) return *said.raw;
  std::string text = "HTTP/1.1 " + std::to_string(said.status) + " " + (said.reason.empty() ? "Said" : said.reason) + "\r\n";
  bool has_length = said.status == 204 || said.status == 304;
  for (const auto& [name, value] : said.headers) {
    text += name + ": " + value + "\r\n";
    has_length = has_length || name == "Content-Length" || name == "Transfer-Encoding";
  }
  if (!has_length) text += "Content-Length: " + std::to_string(said.body.size()) + "\r\n";
  return text + "\r\n" + said.body;
}

/// The head with another Content-Length; as it is where it has none.
std::string with_length_off(const Head& head, int by) {
  const std::string_view value = head.field("Content-Length");
  if (value.empty()) return head.bytes;
  // The last field of that name would do as well: a head with two of them is passed on unread.
  std::string lowered = head.bytes;
  std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t name = lowered.find("\r\ncontent-length:");
  if (name == std::string::npos) return head.bytes;
  const std::size_t begin = name + 17;
  const std::size_t end = lowered.find("\r\n", begin);
  const long long length = std::max<long long>(0, std::stoll(std::string(value)) + by);
  return head.bytes.substr(0, begin) + " " + std::to_string(length) + head.bytes.substr(end);
}

}  // namespace

Connection::Connection(Station& station, Link& link, Socket client)
    : station_(station), link_(link), client_(std::move(client)), other_(station.io()), timer_(station.io()) {
  no_delay(client_);
}

async::Task<void> Connection::run() {
  for (bool goes_on = true; goes_on && !station_.is_stopping();) goes_on = co_await exchange();
  if (client_.is_open()) close_socket(client_);
  if (other_.is_open()) close_socket(other_);
}

void Connection::reset() {
  reset_socket(client_);
  reset_socket(other_);
  has_hung_up_ = true;
  timer_.cancel();
}

async::Task<bool> Connection::exchange() {
  is_busy_ = false;
  is_forwarded_ = false;
  if (other_.is_open()) watch_other_side();
  Head head;
  std::string body;
  const Request request = co_await read_request(head, body);
  if (request == Request::none) co_return false;
  is_busy_ = true;
  if (request == Request::unreadable) {
    co_await tunnel();
    co_return false;
  }
  std::string message = head.bytes + body;
  auto call = std::make_shared<Call>(call_of(link_.name(), std::move(head), body));
  call->exchange = station_.next_exchange();
  // The ledger remembers it for long, and has no use for its bytes.
  call->head.bytes.clear();
  Chosen chosen = station_.rules().choose(*call);
  station_.record("request", call, chosen.name, 0, message.size());
  has_hung_up_ = false;
  watch_client();
  co_return co_await strike(std::move(call), std::move(message), std::move(chosen));
}

async::Task<Connection::Request> Connection::read_request(Head& head, std::string& body) {
  bool was_reset = false;
  std::size_t end = 0;
  for (;;) {
    // Another protocol (TLS begins with a 22): it would never come to an empty line.
    if (!from_client_.empty() && std::isupper(static_cast<unsigned char>(from_client_.front())) == 0) co_return Request::unreadable;
    end = from_client_.find("\r\n\r\n");
    if (end != std::string::npos) break;
    if (from_client_.size() > station_.limits().head_bytes) co_return Request::unreadable;
    const bool goes_on = co_await read_some(client_, from_client_, was_reset);
    if (goes_on) continue;
    client_has_ended_ = true;
    co_return from_client_.empty() || was_reset ? Request::none : Request::unreadable;
  }
  end += 4;
  auto parsed = request_head(from_client_.substr(0, end));
  if (!parsed) co_return Request::unreadable;
  Body framing = Body::of_request(*parsed);
  std::size_t taken = end;
  bool says_continue = parsed->field("Expect") == "100-continue";
  for (;;) {
    taken += framing.take(std::string_view(from_client_).substr(taken));
    if (framing.is_complete()) break;
    if (framing.is_open_ended() || taken > station_.limits().request_bytes) co_return Request::unreadable;
    if (std::exchange(says_continue, false)) co_await write_all(client_, "HTTP/1.1 100 Continue\r\n\r\n");
    const bool goes_on = co_await read_some(client_, from_client_, was_reset);
    if (goes_on) continue;
    client_has_ended_ = true;
    co_return was_reset ? Request::none : Request::unreadable;
  }
  head = std::move(*parsed);
  body = from_client_.substr(end, taken - end);
  from_client_.erase(0, taken);
  co_return Request::whole;
}

async::Task<void> Connection::rest(Duration time) {
  const std::function<bool()> is_done = [this] { return station_.is_stopping(); };
  co_await wait_until(station_.bell(), timer_, time, is_done);
}

async::Task<void> Connection::stall() {
  const std::function<bool()> is_done = [this] { return has_hung_up_ || station_.is_stopping(); };
  co_await wait_until(station_.bell(), timer_, station_.limits().patience, is_done);
}

async::Task<void> Connection::wait_for_turn(SharedCall call, Passage passage, Chosen chosen) {
  // A client that gives up meanwhile changes nothing: what is on its way arrives.
  const std::function<bool()> flows = [&] {
    const bool is_clogged = link_.is_clogged() || (passage.is_clogged && station_.rules().is_in_force(chosen.rule));
    return !is_clogged || station_.is_stopping();
  };
  co_await wait_until(station_.bell(), timer_, station_.limits().patience, flows);
  if (passage.delay) co_await rest(drawn(*passage.delay, *call));
  if (!passage.hold) co_return;
  Expectation expectation(*passage.hold, *call, chosen.since);
  const std::function<bool()> is_met = [&] { return station_.is_stopping() || expectation.is_met(station_.ledger()); };
  co_await wait_until(station_.bell(), timer_, expectation.patience(), is_met);
}

async::Task<bool> Connection::strike(SharedCall call, std::string message, Chosen chosen) {
  const Action& action = chosen.action;
  if (action.request.is_lost) {
    record_end(call, "the request is lost");
    co_await stall();
    co_return false;
  }
  co_await wait_for_turn(call, action.request, chosen);
  if (action.reorder) {
    Awaited next;
    next.event = Happened::forwarded;
    next.match.gid = "*";
    next.match.link = link_.name();
    Expectation expectation(next, *call, station_.ledger().next());
    const std::function<bool()> is_met = [&] { return station_.is_stopping() || expectation.is_met(station_.ledger()); };
    co_await wait_until(station_.bell(), timer_, *action.reorder, is_met);
  }
  if (action.answer) {
    const bool went = co_await say(*action.answer);
    record_end(call, went ? "answered by the proxy" : "nobody waits for it", action.answer->status);
    co_return went && !action.answer->raw;
  }
  const bool went = co_await send_request(call, message, action.request);
  if (!went) co_return false;
  station_.record("forwarded", call, "", 0, message.size());
  is_forwarded_ = true;
  if (action.duplicate) send_copies(station_, link_.to(), call, std::move(message), chosen);
  co_return co_await answer(std::move(call), std::move(chosen));
}

async::Task<bool> Connection::send_request(SharedCall call, std::string message, const Passage& passage) {
  Passing passing(passage, message.find("\r\n\r\n") + 4, Hash().add(station_.rules().seed()).add(call->exchange).value());
  const bool is_cut_behind = passage.cut && passage.cut->at.kind == Place::Kind::all;
  if (!passing.stops_at_once()) {
    const bool reached = co_await reach_other_side();
    if (!reached) {
      record_end(call, "nobody is there");
      reset();
      co_return false;
    }
    const auto went = co_await passing.send(other_, std::move(message), timer_);
    if (went == Passing::Went::nowhere) {
      record_end(call, "the other side is gone");
      reset();
      co_return false;
    }
    if (went == Passing::Went::on && !is_cut_behind) co_return true;
  }
  const Cut::How how = passage.cut->how;
  if (how == Cut::How::half_close) {
    close_write(other_);
    // Half of a request is none that could be answered, but that is for the other side to say.
    co_return true;
  }
  record_end(call, "the request is cut");
  if (is_cut_behind) {
    station_.record("forwarded", call);
    let_finish(station_, std::move(other_), call);
  }
  if (how == Cut::How::reset && other_.is_open()) reset_socket(other_);
  if (how == Cut::How::close && other_.is_open()) close_socket(other_);
  co_await cut_client(how);
  co_return false;
}

async::Task<void> Connection::cut_client(Cut::How how) {
  switch (how) {
    case Cut::How::reset: reset_socket(client_); break;
    case Cut::How::close: close_socket(client_); break;
    case Cut::How::half_close: close_write(client_); [[fallthrough]];
    case Cut::How::stall: co_await stall(); break;
  }
}

async::Task<std::optional<Head>> Connection::read_answer_head(bool& was_reset) {
  std::size_t end = from_other_.find("\r\n\r\n");
  while (end == std::string::npos && from_other_.size() <= station_.limits().head_bytes) {
    if (!from_other_.empty() && !from_other_.starts_with(std::string_view("HTTP/1.").substr(0, from_other_.size()))) break;
    const bool goes_on = co_await read_some(other_, from_other_, was_reset);
    if (!goes_on) {
      other_has_ended_ = true;
      break;
    }
    end = from_other_.find("\r\n\r\n");
  }
  if (end == std::string::npos) co_return std::nullopt;
  auto head = answer_head(from_other_.substr(0, end + 4));
  if (head) from_other_.erase(0, end + 4);
  co_return head;
}

async::Task<bool> Connection::answer(SharedCall call, Chosen chosen) {
  const Action& action = chosen.action;
  if (action.response.cut && action.response.cut->at.kind == Place::Kind::bytes && action.response.cut->at.bytes == 0) {
    // At once: the other side may still be at work when the client learns that there will be no answer.
    let_finish(station_, std::move(other_), call);
    record_end(call, "the answer is cut");
    co_await cut_client(action.response.cut->how);
    co_return false;
  }
  bool was_reset = false;
  for (;;) {
    auto head = co_await read_answer_head(was_reset);
    if (!head) break;
    if (head->status >= 200 || head->status == 101) {
      station_.record("response", call, "", head->status);
      co_await wait_for_turn(call, action.response, chosen);
      co_return co_await pass_answer(std::move(call), std::move(*head), action);
    }
    co_await write_all(client_, head->bytes);
  }
  if (from_other_.empty()) {
    record_end(call, "no answer");
  } else {
    // No answer of HTTP: it passes as it comes, until the other side has had enough.
    station_.record("opaque", call, "an answer that is none");
    record_end(call, "opaque");
    co_await pump(from_other_, other_, client_, other_has_ended_);
  }
  if (was_reset) reset_socket(client_);
  co_return false;
}

async::Task<bool> Connection::pass_answer(SharedCall call, Head head, Action action) {
  const int status = head.status;
  if (status == 101) {
    co_await write_all(client_, head.bytes);
    record_end(call, "another protocol", status);
    co_await tunnel();
    co_return false;
  }
  Body body = Body::of_answer(head, call->method);
  if (action.response.is_lost) {
    co_await discard_body(body);
    record_end(call, "the answer is lost", status);
    co_await stall();
    co_return false;
  }
  if (action.replacement) {
    co_await discard_body(body);
    const bool went = co_await say(*action.replacement);
    record_end(call, went ? "replaced" : "nobody waits for it", action.replacement->status);
    co_return went && !action.replacement->raw && !body.is_open_ended();
  }
  if (action.length_off_by) head.bytes = with_length_off(head, *action.length_off_by);
  Passing passing(action.response, head.bytes.size(), Hash().add(station_.rules().seed()).add(call->exchange).value());
  std::size_t bytes = head.bytes.size();
  auto went = co_await passing.send(client_, head.bytes, timer_);
  if (went == Passing::Went::on) went = co_await pass_body(body, passing, bytes);
  const auto& cut = action.response.cut;
  const bool is_cut_behind = cut && cut->at.kind == Place::Kind::all && went == Passing::Went::on;
  if (went == Passing::Went::to_the_cut || is_cut_behind) {
    record_end(call, "the answer is cut", status, bytes);
    co_await cut_client(cut->how);
    co_return false;
  }
  record_end(call, went == Passing::Went::on ? "answered" : "broken off", status, bytes);
  // With a wrong length nobody knows where the next answer begins.
  co_return went == Passing::Went::on&& client_.is_open() && !has_hung_up_ && !action.length_off_by;
}

async::Task<Passing::Went> Connection::pass_body(Body body, Passing& passing, std::size_t& bytes) {
  while (!body.is_complete()) {
    std::string some = from_other_.substr(0, body.take(from_other_));
    from_other_.erase(0, some.size());
    bytes += some.size();
    const auto went = co_await passing.send(client_, std::move(some), timer_);
    if (went != Passing::Went::on) co_return went;
    if (body.is_complete()) break;
    bool was_reset = false;
    const bool goes_on = co_await read_some(other_, from_other_, was_reset);
    if (goes_on) continue;
    // Its end is the end of the connection, or comes too early: either way the client sees what we saw.
    if (was_reset) {
      reset_socket(client_);
    } else {
      close_socket(client_);
    }
    co_return body.is_open_ended() && !was_reset ? Passing::Went::on : Passing::Went::nowhere;
  }
  co_return Passing::Went::on;
}

async::Task<void> Connection::discard_body(Body body) {
  bool was_reset = false;
  bool goes_on = true;
  while (goes_on) {
    from_other_.erase(0, body.take(from_other_));
    if (body.is_complete()) co_return;
    goes_on = co_await read_some(other_, from_other_, was_reset);
  }
  // The next request needs another connection.
  close_socket(other_);
}

async::Task<bool> Connection::say(const Said& said) {
  const std::string text = text_of(said);
  co_return co_await write_all(client_, text);
}

async::Task<bool> Connection::reach_other_side() {
  if (other_.is_open()) co_return true;
  other_ = Socket(station_.io());
  other_has_ended_ = false;
  from_other_.clear();
  const auto [fault] = co_await other_.async_connect(link_.to(), asio::as_tuple(asio::use_awaitable));
  if (fault) {
    boost::system::error_code ignored;
    other_.close(ignored);
    co_return false;
  }
  no_delay(other_);
  co_return true;
}

async::Task<void> Connection::tunnel() {
  using namespace asio::experimental::awaitable_operators;
  station_.record("opaque", nullptr, link_.name());
  const bool reached = co_await reach_other_side();
  if (!reached) {
    reset();
    co_return;
  }
  co_await (pump(from_client_, client_, other_, client_has_ended_) && pump(from_other_, other_, client_, other_has_ended_));
}

async::Task<void> Connection::pump(std::string& buffer, Socket& from, Socket& to, bool has_ended) {
  for (;;) {
    const std::string bytes = std::exchange(buffer, {});
    bool went = true;
    if (!bytes.empty()) went = co_await write_all(to, bytes);
    bool was_reset = false;
    bool goes_on = went && !has_ended;
    // Asio tells the end once: a second read of a socket that has ended would wait for ever.
    if (goes_on) goes_on = co_await read_some(from, buffer, was_reset);
    if (goes_on) continue;
    if (!went || was_reset) {
      reset();
    } else {
      close_write(to);
    }
    co_return;
  }
}

void Connection::watch_client() {
  if (std::exchange(is_watching_client_, true)) return;
  client_.async_wait(Socket::wait_read, [self = shared_from_this()](const boost::system::error_code& fault) {
    self->is_watching_client_ = false;
    if (fault || !self->client_.is_open()) return;
    const Peek seen = peek(self->client_);
    if (seen == Peek::bytes || seen == Peek::nothing) return;
    self->has_hung_up_ = true;
    self->timer_.cancel();
    if (!self->is_forwarded_ || !self->other_.is_open()) return;
    if (seen == Peek::reset) {
      close_socket(self->other_);
    } else {
      close_write(self->other_);
    }
  });
}

void Connection::watch_other_side() {
  other_.async_wait(Socket::wait_read, [self = shared_from_this()](const boost::system::error_code& fault) {
    if (fault || self->is_busy_ || !self->other_.is_open()) return;
    const Peek seen = peek(self->other_);
    // Nobody may write to a connection that would not answer.
    if (seen == Peek::closed) close_socket(self->client_);
    if (seen == Peek::reset) reset_socket(self->client_);
  });
}

void Connection::record_end(const SharedCall& call, const std::string& how, int status, std::size_t bytes) {
  station_.record("ended", call, how, status, bytes);
}

Duration Connection::drawn(const Delay& delay, const Call& call) const {
  const auto width = static_cast<std::uint64_t>((delay.most - delay.least).count()) + 1;
  const std::uint64_t value =
      Hash().add(station_.rules().seed()).add(call.gid).add(call.branch).add(call.operation).add(call.exchange).value();
  return delay.least + Duration(static_cast<std::int64_t>(value % width));
}

}  // namespace escrow::proxy
