#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <escrow/error.hpp>
#include <escrow/testing/fake_coordinator.hpp>
#include <map>
#include <mutex>
#include <string_view>

#include "client-sdk/src/http/http_client.hpp"
#include "client-sdk/src/testing/fake_driver.hpp"
#include "client-sdk/src/testing/fake_transaction.hpp"
#include "client-sdk/src/testing/loopback_server.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/registration.hpp"
#include "protocol/start_request_json.hpp"

namespace escrow::testing {
namespace {

using protocol::ProblemCode;
using Lock = std::unique_lock<std::mutex>;

/// One transaction. `driving` is held by whoever changes it, also while participants are called; readers see what was published.
struct Entry {
  explicit Entry(const protocol::StartRequest& request) : started(request), transaction(request) {}
  /// As it was asked for, for comparing repeats with.
  const protocol::StartRequest started;
  std::mutex driving;
  FakeTransaction transaction;
};
using EntryPtr = std::shared_ptr<Entry>;

Reply json_reply(unsigned status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.headers.emplace_back("Content-Type", "application/json");
  reply.body = std::move(body);
  return reply;
}

Reply problem(ProblemCode code, std::string_view detail, const std::string& more = {}) {
  Reply reply;
  reply.status = protocol::http_status(code);
  reply.headers.emplace_back("Content-Type", "application/problem+json");
  const std::string word = protocol::json_string(protocol::to_string(code));
  reply.body = "{\"type\":\"about:blank\",\"title\":" + word + ",\"status\":" + std::to_string(reply.status) +
               ",\"detail\":" + protocol::json_string(detail) + ",\"code\":" + word + more + "}";
  return reply;
}

Reply problem(const protocol::BodyFault& fault) {
  std::string list;
  for (const auto& each : fault.faults) {
    if (!list.empty()) list += ',';
    list += "{\"pointer\":" + protocol::json_string(each.pointer) + ",\"detail\":" + protocol::json_string(each.detail) + "}";
  }
  return problem(fault.code, fault.detail, fault.faults.empty() ? std::string() : ",\"errors\":[" + list + "]");
}

Reply conflict(ProblemCode code, const std::vector<std::string>& differs) {
  std::string list;
  for (const auto& pointer : differs) list += (list.empty() ? "" : ",") + protocol::json_string(pointer);
  return problem(code, "recorded with other content", ",\"differs\":[" + list + "]");
}

/// Path segments behind `/v1/`, and `wait_ms`.
struct Target {
  std::vector<std::string> segments;
  std::chrono::milliseconds wait{0};
};

Target parse_target(std::string_view text) {
  Target target;
  const auto mark = text.find('?');
  std::string_view path = text.substr(0, mark);
  if (path.starts_with("/v1/")) path.remove_prefix(4);
  for (;;) {
    const auto slash = path.find('/');
    target.segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  if (const auto at = text.find("wait_ms="); mark != std::string_view::npos && at != std::string_view::npos) {
    std::int64_t wait_ms = 0;
    std::from_chars(text.data() + at + 8, text.data() + text.size(), wait_ms);
    target.wait = std::chrono::milliseconds(wait_ms);
  }
  return target;
}

std::string member_text(const std::string& body, std::string_view name) {
  const auto document = protocol::JsonDocument::read(body);
  if (!document) return {};
  const auto value = document.value().root().find(name);
  return value && value->is(protocol::JsonType::string) ? value->string() : std::string();
}

}  // namespace

struct FakeCoordinator::State {
  State() : server([this](const Received& request) { return answer(request); }) {}

  Reply answer(const Received& request);
  Reply route(const Received& request, const Target& target);
  Reply start(const Received& request, const Target& target);
  Reply add_branches(const EntryPtr& entry, const Received& request);
  Reply decide(const EntryPtr& entry, bool commits, const Received& request, const Target& target);
  Reply shown(const std::string& gid, unsigned status, std::chrono::milliseconds wait);

  /// Drives with `entry.driving` held.
  void drive(Entry& entry, bool asks_check = false);
  void publish(const Entry& entry);
  signing::CallSigner current_signer() const;
  EntryPtr find(const std::string& gid) const;

  mutable std::mutex mutex;
  std::condition_variable published;
  std::map<std::string, EntryPtr> transactions;
  /// Of each transaction, what may be told: its document, and whether it has ended.
  std::map<std::string, std::pair<std::string, bool>> documents;
  std::vector<SeenRequest> requests;
  std::vector<SeenCall> calls;
  signing::CallSigner signer;
  int answers_to_lose = 0;
  int requests_to_lose = 0;
  int requests_to_refuse = 0;
  bool holding = false;
  bool stopping = false;

  http::HttpClient client{http::HttpClientOptions()};
  LoopbackServer server;
};

EntryPtr FakeCoordinator::State::find(const std::string& gid) const {
  const std::lock_guard lock(mutex);
  const auto found = transactions.find(gid);
  return found == transactions.end() ? nullptr : found->second;
}

signing::CallSigner FakeCoordinator::State::current_signer() const {
  const std::lock_guard lock(mutex);
  return signer;
}

void FakeCoordinator::State::publish(const Entry& entry) {
  const std::string& gid = entry.transaction.request.gid.text();
  const std::lock_guard lock(mutex);
  documents[gid] = {entry.transaction.to_json(), protocol::is_terminal(entry.transaction.status)};
  published.notify_all();
}

void FakeCoordinator::State::drive(Entry& entry, bool asks_check) {
  FakeDriver driver(client, current_signer(), entry.transaction,
                    [this, &entry](const std::string& branch, const FakeOperation& operation, unsigned status) {
                      const std::lock_guard lock(mutex);
                      calls.emplace_back(entry.transaction.request.gid.text(), branch, operation.name, operation.attempts, status);
                    });
  if (asks_check) driver.ask_check();
  bool hold = false;
  {
    const std::lock_guard lock(mutex);
    hold = holding;
  }
  publish(entry);
  driver.drive(hold);
  publish(entry);
}

Reply FakeCoordinator::State::shown(const std::string& gid, unsigned status, std::chrono::milliseconds wait) {
  Lock lock(mutex);
  // Nothing changes by itself here; another thread's request may be at work.
  published.wait_for(lock, wait, [&] { return stopping || documents[gid].second; });
  return json_reply(status, documents[gid].first);
}

Reply FakeCoordinator::State::start(const Received& request, const Target& target) {
  auto parsed = protocol::parse_start_request(request.body, protocol::RequestRules(), protocol::Gid());
  if (!parsed) return problem(parsed.error());
  const std::string gid = parsed->gid.text();
  if (gid.empty()) return problem(ProblemCode::invalid, "the fake coordinator wants a gid");
  // Locked before anybody can find it, so that the locks are always taken in this order.
  EntryPtr entry = std::make_shared<Entry>(*parsed);
  Lock driving(entry->driving);
  bool is_new = false;
  {
    const std::lock_guard lock(mutex);
    const auto [place, inserted] = transactions.emplace(gid, entry);
    is_new = inserted;
    if (is_new) {
      documents[gid] = {entry->transaction.to_json(), false};
    } else {
      driving.unlock();
      entry = place->second;
    }
  }
  if (is_new) {
    drive(*entry);
    driving.unlock();
    return shown(gid, 201, target.wait);
  }
  const auto differs = protocol::differences(entry->started, *parsed);
  if (!differs.empty()) return conflict(ProblemCode::gid_conflict, differs);
  return shown(gid, 200, target.wait);
}

Reply FakeCoordinator::State::add_branches(const EntryPtr& entry, const Received& request) {
  const Lock driving(entry->driving);
  FakeTransaction& transaction = entry->transaction;
  if (!transaction.request.interactive) return problem(ProblemCode::not_interactive, "a driven transaction takes no branches");
  if (transaction.status != protocol::Status::active) return problem(ProblemCode::already_decided, "the transaction is decided");
  const auto parsed = protocol::parse_branches(request.body, transaction.request, protocol::RequestRules());
  if (!parsed) return problem(parsed.error());

  std::vector<const protocol::BranchRequest*> known;
  for (const FakeBranch& branch : transaction.branches) known.push_back(&branch.request);
  std::vector<const protocol::BranchRequest*> added;
  for (const auto& branch : parsed->branches) {
    const FakeBranch* recorded = transaction.find(branch->id.text());
    if (recorded == nullptr) {
      added.push_back(branch.get());
    } else if (const auto differs = protocol::differences(recorded->request, *branch); !differs.empty()) {
      return conflict(ProblemCode::branch_conflict, differs);
    }
  }
  const auto faults = protocol::check_registration(known, added, transaction.request.order == protocol::Order::graph);
  if (!faults.empty()) return problem({ProblemCode::invalid, "the branches are not valid", faults});
  for (const auto* branch : added) {
    if (branch->has_after) transaction.request.order = protocol::Order::graph;
    transaction.add(*branch);
  }
  publish(*entry);
  return json_reply(added.empty() ? 200 : 201, transaction.to_json());
}

Reply FakeCoordinator::State::decide(const EntryPtr& entry, bool commits, const Received& request, const Target& target) {
  Lock driving(entry->driving);
  FakeTransaction& transaction = entry->transaction;
  using protocol::Status;
  const bool is_committed = transaction.status == Status::committing || transaction.status == Status::committed;
  if (commits && !transaction.request.interactive) return problem(ProblemCode::not_interactive, "a driven transaction commits by itself");
  if (transaction.status != Status::active) {
    if (is_committed != commits) return problem(ProblemCode::already_decided, "the transaction went the other way");
  } else if (commits) {
    transaction.status = Status::committing;
    drive(*entry);
  } else {
    transaction.abort(protocol::AbortCode::initiator, {}, member_text(request.body, "reason"));
    drive(*entry);
  }
  driving.unlock();
  return shown(transaction.request.gid.text(), 200, target.wait);
}

Reply FakeCoordinator::State::route(const Received& request, const Target& target) {
  const auto& segments = target.segments;
  const bool is_post = request.method == "POST";
  if (segments.size() == 1 && segments[0] == "info" && !is_post) {
    return json_reply(200,
                      R"({"version":"fake","node":"fake","store_id":"fake","store":"memory","durable":false,"limits":{},"uptime_ms":0})");
  }
  if (segments[0] != "transactions") return problem(ProblemCode::not_found, "the fake coordinator does not serve this");
  if (segments.size() == 1 && is_post) return start(request, target);
  if (segments.size() == 1) {
    const std::lock_guard lock(mutex);
    std::string list;
    for (const auto& [gid, document] : documents) list += (list.empty() ? "" : ",") + document.first;
    return json_reply(200, "{\"transactions\":[" + list + "],\"next_cursor\":null}");
  }
  const std::string& gid = segments[1];
  const EntryPtr entry = find(gid);
  if (!entry) return problem(ProblemCode::not_found, "no such transaction");
  if (segments.size() == 2 && !is_post) return shown(gid, 200, target.wait);
  if (segments.size() == 3 && is_post) {
    if (segments[2] == "branches") return add_branches(entry, request);
    if (segments[2] == "commit" || segments[2] == "abort") return decide(entry, segments[2] == "commit", request, target);
    if (segments[2] == "retry" || segments[2] == "extend") {
      if (segments[2] == "retry") {
        const Lock driving(entry->driving);
        drive(*entry);
      }
      return shown(gid, 200, std::chrono::milliseconds(0));
    }
  }
  return problem(ProblemCode::not_found, "the fake coordinator does not serve this");
}

Reply FakeCoordinator::State::answer(const Received& request) {
  bool loses_answer = false;
  {
    const std::lock_guard lock(mutex);
    requests.emplace_back(request.method, request.url, request.body);
    Reply nothing;
    nothing.delivery = Reply::Delivery::nothing;
    if (requests_to_lose > 0) {
      --requests_to_lose;
      return nothing;
    }
    if (requests_to_refuse > 0) {
      --requests_to_refuse;
      Reply refused = problem(ProblemCode::overloaded, "told to");
      return refused;
    }
    if (answers_to_lose > 0) {
      --answers_to_lose;
      loses_answer = true;
    }
  }
  Reply reply = route(request, parse_target(request.url));
  if (loses_answer) reply.delivery = Reply::Delivery::nothing;
  return reply;
}

FakeCoordinator::FakeCoordinator() : state_(std::make_unique<State>()) {}

FakeCoordinator::~FakeCoordinator() { stop(); }

const std::string& FakeCoordinator::url() const noexcept { return state_->server.url(); }

void FakeCoordinator::sign_calls(std::string_view key) {
  const std::lock_guard lock(state_->mutex);
  state_->signer.add("*", key);
}

void FakeCoordinator::lose_next_answers(int count) {
  const std::lock_guard lock(state_->mutex);
  state_->answers_to_lose = count;
}

void FakeCoordinator::lose_next_requests(int count) {
  const std::lock_guard lock(state_->mutex);
  state_->requests_to_lose = count;
}

void FakeCoordinator::refuse_next_requests(int count) {
  const std::lock_guard lock(state_->mutex);
  state_->requests_to_refuse = count;
}

void FakeCoordinator::hold_second_phase() {
  const std::lock_guard lock(state_->mutex);
  state_->holding = true;
}

void FakeCoordinator::release() {
  std::vector<EntryPtr> all;
  {
    const std::lock_guard lock(state_->mutex);
    state_->holding = false;
    for (const auto& [gid, entry] : state_->transactions) all.push_back(entry);
  }
  for (const EntryPtr& entry : all) {
    const Lock driving(entry->driving);
    state_->drive(*entry);
  }
}

void FakeCoordinator::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->published.notify_all();
  }
  state_->client.close();
  state_->server.stop();
}

void FakeCoordinator::expire(const std::string& gid) {
  const EntryPtr entry = state_->find(gid);
  if (!entry) return;
  const Lock driving(entry->driving);
  FakeTransaction& transaction = entry->transaction;
  const bool past_pivot = std::ranges::any_of(transaction.branches, [](const FakeBranch& branch) {
    const auto forward = branch.operations.find(protocol::Role::forward);
    return branch.request.pivot && forward != branch.operations.end() && forward->second.attempts > 0;
  });
  if (transaction.status != protocol::Status::active || transaction.request.check || past_pivot) return;
  transaction.abort(protocol::AbortCode::timeout, {}, "the timeout has passed");
  state_->drive(*entry);
}

void FakeCoordinator::check(const std::string& gid) {
  const EntryPtr entry = state_->find(gid);
  if (!entry) return;
  const Lock driving(entry->driving);
  state_->drive(*entry, true);
}

void FakeCoordinator::drive(const std::string& gid) {
  const EntryPtr entry = state_->find(gid);
  if (!entry) return;
  const Lock driving(entry->driving);
  state_->drive(*entry);
}

std::optional<TransactionView> FakeCoordinator::transaction(const std::string& gid) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->documents.find(gid);
  if (found == state_->documents.end()) return std::nullopt;
  auto view = TransactionView::parse(found->second.first);
  if (!view) return std::nullopt;
  return std::move(view).value();
}

std::vector<SeenRequest> FakeCoordinator::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

std::vector<SeenCall> FakeCoordinator::calls() const {
  const std::lock_guard lock(state_->mutex);
  return state_->calls;
}

}  // namespace escrow::testing
