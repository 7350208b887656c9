#include "tests/fault-injection/http/client_rig.hpp"

#include "coordinator/transport/name_resolver.hpp"
#include "tests/fault-injection/http/virtual_time.hpp"

#include <boost/asio/co_spawn.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace escrow::http_faults {
namespace {

using namespace std::chrono_literals;
using transport::CallFailureKind;

constexpr auto call_limit = 3000ms;
const std::string payload = R"({"amount": 30})";

transport::ClientLimits small_limits() {
  transport::ClientLimits limits;
  limits.answer_header_bytes = 1024;
  limits.answer_body_bytes = 4096;
  return limits;
}

const ReadLimits read_limits{.header_bytes = 1024, .body_bytes = 4096};

/// Nobody asks for names here.
class NoNames final : public transport::NameResolver {
 public:
  async::Task<transport::ResolvedName> resolve(std::string) override { co_return transport::ResolvedName(); }
};

const boost::asio::ip::tcp::endpoint participant{boost::asio::ip::make_address_v4("10.0.0.1"), 80};

}  // namespace

ClientRig::ClientRig() : work_(io_.get_executor()) {
  auto made = transport::HttpClient::make(io_.get_executor(), small_limits(), {}, transport::ClientTls(), std::make_shared<NoNames>());
  if (!made) throw std::runtime_error(made.error().detail);
  client_ = *std::move(made);
  network_.listen(participant, [this](std::shared_ptr<Line> line, std::shared_ptr<Connecting> attempt) {
    connecting_ = std::move(attempt);
    if (never_connects_) return;
    line->set_window(0, next_window_);
    lines_.push_back(std::move(line));
    connecting_->succeed();
  });
}

ClientRig::~ClientRig() {
  client_->shut_down();
  pump();
}

void ClientRig::pump() { run_ready(io_); }

void ClientRig::begin(const std::string& path, const std::string& method) {
  network_.enter();
  answer_.reset();
  ++begun_;
  transport::OutboundCall call(*protocol::Url::parse("http://10.0.0.1" + path));
  call.method(method).timeout(call_limit);
  call.header("Escrow-Gid", "g1").header("Content-Type", "application/json").body(payload);
  boost::asio::co_spawn(io_, client_->call(std::move(call)), [this](const std::exception_ptr& failure, transport::CallAnswer answer) {
    ++ended_;
    if (!failure) answer_.emplace(std::move(answer));
  });
  pump();
}

std::shared_ptr<Line> ClientRig::asked(const std::string& path) {
  for (const std::shared_ptr<Line>& line : lines_) {
    const ReadRequest request = read_request(line->unread(0));
    if (request.end != End::complete || request.target != path || request.size != line->unread(0).size()) continue;
    if (request.method != "HEAD" && request.body != payload) continue;
    line->take(0);
    ++requests_;
    return line;
  }
  return nullptr;
}

/// All connections of this conversation end; none may be left to the next one.
std::string ClientRig::end() {
  ++conversations_;
  for (const std::shared_ptr<Line>& line : lines_) line->close(1);
  VirtualTime::advance(small_limits().idle_check);
  pump();
  const bool all_closed = std::all_of(lines_.begin(), lines_.end(), [](const auto& line) { return line->is_closed(0); });
  lines_.clear();
  next_window_ = std::size_t{1} << 18;
  requests_ = 0;
  if (client_->idle_connections() != 0 || !all_closed) return "a connection that has ended is kept";
  return std::exchange(ended_, 0) == std::exchange(begun_, 0) ? "" : "a call has not ended";
}

ClientRig::Want ClientRig::want(const std::vector<std::string_view>& pieces, Then then, bool to_head) const {
  Want want;
  std::string came;
  for (const std::string_view piece : pieces) {
    came += piece;
    const ReadAnswer answer = read_answer(came, false, to_head, read_limits);
    if (answer.end == End::incomplete) continue;
    want.kind = CallFailureKind::broken_answer;
    want.answered = answer.end == End::complete && answer.size == came.size();
    want.status = answer.status;
    want.body = answer.body;
    want.kept = want.answered && answer.keeps_alive && then == Then::stalls && &piece == &pieces.back();
    return want;
  }
  if (then == Then::half_closes) {
    const ReadAnswer answer = read_answer(came, true, to_head, read_limits);
    want.answered = answer.end == End::complete;
    want.status = answer.status;
    want.body = answer.body;
    want.kind = came.empty() ? CallFailureKind::reset : CallFailureKind::broken_answer;
  }
  if (then == Then::stalls) {
    want.kind = CallFailureKind::timeout;
    want.by_limit = true;
  }
  return want;
}

std::string ClientRig::wait_for_limit() {
  VirtualTime::advance(call_limit - 1ms);
  pump();
  if (answer_) return "the call ended before its limit";
  VirtualTime::advance(1ms);
  pump();
  return answer_ ? "" : "the call outlived its limit";
}

std::string ClientRig::compare(const Want& want) const {
  if (!answer_) return "the call did not end";
  if (answer_->answered() != want.answered) {
    return answer_->answered() ? fmt::format("answered {}, which is none", answer_->answer().status)
                               : fmt::format("{}: {}", to_string(answer_->failure().kind), answer_->failure().detail);
  }
  if (!want.answered) {
    if (answer_->failure().kind == want.kind) return "";
    return fmt::format("failed as {}, not as {}", to_string(answer_->failure().kind), to_string(want.kind));
  }
  if (answer_->answer().status != want.status || answer_->answer().body != want.body) return "another answer than was given";
  return "";
}

/// The next call gets its own answer, and only a connection of which all is known is used for it.
std::string ClientRig::call_again(const Line* kept) {
  begin("/two");
  const std::shared_ptr<Line> line = asked("/two");
  if (!line) return "the second call did not come";
  const bool is_same = std::any_of(lines_.begin(), lines_.end() - 1, [&](const auto& other) { return other == line; });
  if (kept != nullptr && line.get() != kept) return "a connection that could have been kept was not";
  if (kept == nullptr && is_same) return "a connection that cannot be trusted was used again";
  line->send(1, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
  pump();
  if (!answer_ || !answer_->answered() || answer_->answer().body != "second") return "the second call got another answer than its own";
  return "";
}

std::string ClientRig::converse(const std::vector<std::string_view>& pieces, Then then, const std::string& method) {
  begin("/one", method);
  const std::shared_ptr<Line> line = asked("/one");
  if (!line) return "the request did not come";
  for (const std::string_view piece : pieces) {
    line->send(1, piece);
    pump();
  }
  const Want wanted = want(pieces, then, method == "HEAD");
  if (then == Then::half_closes) line->end(1);
  if (then == Then::resets) line->reset();
  pump();
  std::string fault;
  if (wanted.by_limit) fault = wait_for_limit();
  first_answer_ = answer_.value_or(transport::CallAnswer());
  if (fault.empty()) fault = compare(wanted);
  if (fault.empty()) fault = call_again(wanted.kept ? line.get() : nullptr);
  if (fault.empty() && requests_ != 2) fault = "a request was sent twice";
  const std::string left = end();
  return fault.empty() ? left : fault;
}

std::string ClientRig::cut_request(std::size_t bytes, Then then, bool is_kept) {
  std::string fault;
  if (is_kept) fault = converse({"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, Then::stalls);
  if (!fault.empty()) return fault;
  if (is_kept) {
    begin("/zero");
    const std::shared_ptr<Line> line = asked("/zero");
    line->send(1, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    pump();
    line->set_window(0, bytes);
  } else {
    next_window_ = bytes;
  }
  begin("/one");
  const std::shared_ptr<Line> line = lines_.back();
  if (line->unread(0).size() != bytes) fault = "another part of the request came than was let through";
  next_window_ = std::size_t{1} << 18;
  switch (then) {
    case Then::half_closes: line->close(1); break;
    case Then::resets: line->reset(); break;
    case Then::stalls:
      if (const std::string late = wait_for_limit(); fault.empty()) fault = late;
      break;
  }
  pump();
  if (is_kept && bytes == 0 && then != Then::stalls) {
    // Nothing of it had left, so it is sent once more, on a new connection.
    const std::shared_ptr<Line> again = asked("/one");
    if (!again || again == line) {
      fault = "a request of which nothing had left was not sent again";
    } else {
      again->send(1, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      pump();
      if (!answer_ || !answer_->answered()) fault = "a request that was sent again was not answered";
    }
  } else if (fault.empty()) {
    Want wanted;
    if (then == Then::stalls) wanted.kind = CallFailureKind::timeout;
    fault = compare(wanted);
    if (fault.empty() && lines_.back() != line) fault = "a request that may have arrived was sent again";
  }
  if (fault.empty() && !line->is_closed(0)) fault = "a broken connection was kept";
  const std::string left = end();
  return fault.empty() ? left : fault;
}

std::string ClientRig::drip(std::string_view answer) {
  begin("/one");
  const std::shared_ptr<Line> line = asked("/one");
  const auto pause = call_limit / static_cast<int>(answer.size()) + 1ms;
  auto passed = 0ms;
  for (std::size_t i = 0; i < answer.size() && !answer_; ++i) {
    VirtualTime::advance(pause);
    passed += pause;
    pump();
    if (!answer_) line->send(1, answer.substr(i, 1));
    pump();
  }
  Want wanted;
  wanted.kind = CallFailureKind::timeout;
  std::string fault = compare(wanted);
  if (fault.empty() && (passed < call_limit || passed - pause >= call_limit)) fault = "the limit is not one for all of it";
  const std::string left = end();
  return fault.empty() ? left : fault;
}

std::string ClientRig::cannot_connect(bool refused) {
  never_connects_ = true;
  begin("/one");
  std::string fault;
  if (refused) {
    connecting_->refuse();
    pump();
  } else {
    fault = wait_for_limit();
  }
  Want wanted;
  wanted.kind = refused ? CallFailureKind::refused : CallFailureKind::timeout;
  if (fault.empty()) fault = compare(wanted);
  never_connects_ = false;
  connecting_.reset();
  const std::string left = end();
  return fault.empty() ? left : fault;
}

std::size_t ClientRig::request_size() {
  begin("/one");
  const std::size_t size = lines_.back()->unread(0).size();
  lines_.back()->reset();
  pump();
  end();
  return size;
}

}  // namespace escrow::http_faults
