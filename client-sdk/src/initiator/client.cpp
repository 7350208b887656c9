#include <escrow/client.hpp>
#include <utility>

#include "client-sdk/src/initiator/client_core.hpp"
#include "client-sdk/src/initiator/transaction_reader.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/names.hpp"
#include "protocol/start_request_writer.hpp"

namespace escrow {
namespace {

using std::chrono::milliseconds;
using Waiting = ClientCore::Waiting;

constexpr const char* transactions = "/v1/transactions";

/// `/v1/transactions/{gid}` and what follows it. The characters of a gid need no escaping in a path; anything else is no gid.
std::string path_of(const std::string& gid, const std::string& rest = {}) { return std::string(transactions) + "/" + gid + rest; }

Pending<TransactionView> on_transaction(ClientCore& core, const std::string& gid, ApiCall call, Waiting waiting = Waiting::keeps) {
  if (!protocol::Gid::parse(gid)) {
    return core.failed<TransactionView>(ClientError(Errc::invalid_argument, "not a gid").gid(gid));
  }
  return core.begin_view(std::move(call), waiting);
}

std::string reason_body(const std::string& reason) {
  return reason.empty() ? std::string() : "{\"reason\":" + protocol::json_string(reason) + "}";
}

Pending<TransactionView> start_as(ClientCore& core, const TransactionDraft& draft, bool interactive, milliseconds wait, Waiting waiting) {
  const auto request = draft.complete(interactive);
  if (!request) return core.failed<TransactionView>(request.error());
  ApiCall call = core.new_call("POST", transactions, draft.gid(), wait);
  call.body = protocol::to_json(request.value());
  return core.begin_view(std::move(call), waiting);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view plain = "-._~";
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (alphanumeric || plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hex[byte >> 4U];
      out += hex[byte & 0xFU];
    }
  }
  return out;
}

}  // namespace

ListQuery& ListQuery::add(std::string_view name, std::string_view value) {
  if (!text_.empty()) text_ += '&';
  text_ += percent_encoded(name) + "=" + percent_encoded(value);
  return *this;
}

ListQuery& ListQuery::status(Status status) { return add("status", protocol::to_string(status)); }
ListQuery& ListQuery::mode(Mode mode) { return add("mode", protocol::to_string(mode)); }
ListQuery& ListQuery::name(std::string_view name) { return add("name", name); }
ListQuery& ListQuery::attention(bool has_attention) { return add("attention", has_attention ? "true" : "false"); }
ListQuery& ListQuery::attribute(std::string_view key, std::string_view value) { return add("attribute." + std::string(key), value); }
ListQuery& ListQuery::started_after(std::string_view time) { return add("started_after", time); }
ListQuery& ListQuery::started_before(std::string_view time) { return add("started_before", time); }
ListQuery& ListQuery::limit(std::int64_t limit) { return add("limit", std::to_string(limit)); }
ListQuery& ListQuery::cursor(std::string_view cursor) { return add("cursor", cursor); }

Pending<TransactionView> AsyncClient::start(const TransactionDraft& draft) const {
  return start_as(*core_, draft, false, {}, Waiting::keeps);
}

Pending<TransactionView> AsyncClient::run(const TransactionDraft& draft, milliseconds wait) const {
  return start_as(*core_, draft, false, wait, Waiting::insists);
}

Pending<TransactionView> AsyncClient::get(const std::string& gid) const { return wait(gid, {}); }

Pending<TransactionView> AsyncClient::wait(const std::string& gid, milliseconds wait) const {
  return on_transaction(*core_, gid, core_->new_call("GET", path_of(gid), gid, wait), Waiting::shows);
}

Pending<TransactionView> AsyncClient::commit(const std::string& gid, milliseconds wait) const {
  return on_transaction(*core_, gid, core_->new_call("POST", path_of(gid, "/commit"), gid, wait));
}

Pending<TransactionView> AsyncClient::abort(const std::string& gid, const std::string& reason, milliseconds wait) const {
  ApiCall call = core_->new_call("POST", path_of(gid, "/abort"), gid, wait);
  call.body = reason_body(reason);
  return on_transaction(*core_, gid, std::move(call));
}

Pending<TransactionView> AsyncClient::extend(const std::string& gid, milliseconds timeout) const {
  ApiCall call = core_->new_call("POST", path_of(gid, "/extend"), gid);
  call.body = "{\"timeout_ms\":" + std::to_string(timeout.count()) + "}";
  return on_transaction(*core_, gid, std::move(call));
}

Pending<TransactionView> AsyncClient::retry(const std::string& gid) const {
  return on_transaction(*core_, gid, core_->new_call("POST", path_of(gid, "/retry"), gid));
}

Pending<TransactionView> AsyncClient::resolve(const std::string& gid, const std::string& branch, Operation operation,
                                              const std::string& outcome, const std::string& reason) const {
  if (!branch.empty() && !protocol::BranchId::parse(branch)) {
    return core_->failed<TransactionView>(ClientError(Errc::invalid_argument, "not a branch id").gid(gid));
  }
  ApiCall call = core_->new_call("POST", path_of(gid, branch.empty() ? "/resolve" : "/branches/" + branch + "/resolve"), gid);
  call.body = "{";
  if (!branch.empty()) call.body += "\"operation\":" + protocol::json_string(protocol::to_string(operation)) + ",";
  call.body += "\"outcome\":" + protocol::json_string(outcome) + ",\"reason\":" + protocol::json_string(reason) + "}";
  return on_transaction(*core_, gid, std::move(call));
}

Pending<TransactionPage> AsyncClient::list(const ListQuery& query) const {
  ApiCall call = core_->new_call("GET", transactions, {});
  call.query = query.text();
  return core_->begin<TransactionPage>(std::move(call), &TransactionReader::page);
}

Pending<std::vector<EventView>> AsyncClient::events(const std::string& gid) const {
  if (!protocol::Gid::parse(gid)) {
    return core_->failed<std::vector<EventView>>(ClientError(Errc::invalid_argument, "not a gid").gid(gid));
  }
  return core_->begin<std::vector<EventView>>(core_->new_call("GET", path_of(gid, "/events"), gid), &TransactionReader::events);
}

Pending<CoordinatorInfo> AsyncClient::info() const {
  return core_->begin<CoordinatorInfo>(core_->new_call("GET", "/v1/info", {}), &TransactionReader::info);
}

Client::Client() : Client(ClientOptions::from_environment()) {}
Client::Client(std::string_view urls) : Client(ClientOptions().urls(urls)) {}
Client::Client(const ClientOptions& options) : core_(ClientCore::create(options)) {}

Client::~Client() {
  if (core_ && !core_->is_forked()) core_->close();
}

Client::Client(Client&& other) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
  // The temporary takes the old machinery along and ends it.
  Client old(std::move(*this));
  core_ = std::move(other.core_);
  return *this;
}

ClientResult<TransactionView> Client::start(const TransactionDraft& draft) const { return async().start(draft).get(); }
ClientResult<TransactionView> Client::run(const TransactionDraft& draft, milliseconds wait) const { return async().run(draft, wait).get(); }
ClientResult<TransactionView> Client::get(const std::string& gid) const { return async().get(gid).get(); }
ClientResult<TransactionView> Client::wait(const std::string& gid, milliseconds wait) const { return async().wait(gid, wait).get(); }

ClientResult<TransactionView> Client::start_interactive(const TransactionDraft& draft) const {
  return start_as(*core_, draft, true, {}, Waiting::keeps).get();
}

ClientResult<TransactionView> Client::register_branches(const TransactionDraft& draft, const std::vector<BranchDraft>& branches) const {
  const auto body = draft.registration(branches);
  if (!body) return body.error();
  ApiCall call = core_->new_call("POST", path_of(draft.gid(), "/branches"), draft.gid());
  call.body = body.value();
  return on_transaction(*core_, draft.gid(), std::move(call)).get();
}

ClientResult<TransactionView> Client::commit(const std::string& gid, milliseconds wait) const { return async().commit(gid, wait).get(); }
ClientResult<TransactionView> Client::abort(const std::string& gid, const std::string& reason, milliseconds wait) const {
  return async().abort(gid, reason, wait).get();
}
ClientResult<TransactionView> Client::extend(const std::string& gid, milliseconds timeout) const {
  return async().extend(gid, timeout).get();
}
ClientResult<TransactionView> Client::retry(const std::string& gid) const { return async().retry(gid).get(); }
ClientResult<TransactionView> Client::resolve(const std::string& gid, const std::string& branch, Operation operation,
                                              const std::string& outcome, const std::string& reason) const {
  return async().resolve(gid, branch, operation, outcome, reason).get();
}

ClientResult<TransactionPage> Client::list(const ListQuery& query) const { return async().list(query).get(); }
ClientResult<std::vector<EventView>> Client::events(const std::string& gid) const { return async().events(gid).get(); }
ClientResult<CoordinatorInfo> Client::info() const { return async().info().get(); }

}  // namespace escrow
