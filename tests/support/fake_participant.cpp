#include "tests/support/fake_participant.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace escrow::testing {
namespace {

using namespace std::chrono_literals;

std::string text_of(const ParticipantAnswer& answer) {
  std::string text =
      "HTTP/1.1 " + std::to_string(answer.status) + " Said\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n";
  if (!answer.body.empty()) text += "Content-Type: " + answer.type + "\r\n";
  for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
  return text + "\r\n" + answer.body;
}

}  // namespace

void Gate::open() {
  {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
  }
  changed_.notify_all();
}

void Gate::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, 10s, [this] { return is_open_; });
}

FakeParticipant::FakeParticipant() {
  server_ = std::make_unique<RawServer>([this](RawSocket& connection, int) {
    for (std::string text = connection.receive_message(); !text.empty(); text = connection.receive_message()) {
      if (!connection.send(text_of(answer(parse_http(text))))) return;
    }
  });
}

FakeParticipant::~FakeParticipant() = default;

void FakeParticipant::on(const std::string& path, Rule rule) {
  const std::lock_guard lock(mutex_);
  rules_[path] = std::move(rule);
}

void FakeParticipant::on(const std::string& path, ParticipantAnswer answer) {
  on(path, [answer = std::move(answer)](const HttpMessage&, int) { return answer; });
}

ParticipantAnswer FakeParticipant::answer(const HttpMessage& request) {
  Rule rule;
  int call = 0;
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(request);
    call = static_cast<int>(std::ranges::count(calls_, request.target, &HttpMessage::target));
    if (const auto found = rules_.find(request.target); found != rules_.end()) rule = found->second;
  }
  arrived_.notify_all();
  return rule ? rule(request, call) : ParticipantAnswer();
}

std::vector<HttpMessage> FakeParticipant::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::vector<HttpMessage> FakeParticipant::calls(const std::string& path) const {
  std::vector<HttpMessage> out;
  for (HttpMessage& call : calls()) {
    if (call.target == path) out.push_back(std::move(call));
  }
  return out;
}

bool FakeParticipant::wait_for_calls(const std::string& path, std::size_t count) const {
  std::unique_lock lock(mutex_);
  return arrived_.wait_for(lock, 10s,
                           [&] { return static_cast<std::size_t>(std::ranges::count(calls_, path, &HttpMessage::target)) >= count; });
}

}  // namespace escrow::testing
