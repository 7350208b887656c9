#include "tests/fault-injection/proxy/ledger.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace escrow::proxy {
namespace {

std::string_view word_of(Happened event) {
  switch (event) {
    case Happened::request: return "request";
    case Happened::forwarded: return "forwarded";
    case Happened::response: return "response";
    case Happened::ended: return "ended";
  }
  return "";
}

}  // namespace

bool Ledger::record_to(const std::string& path) {
  file_.open(path, std::ios::app);
  return file_.is_open();
}

void Ledger::add(Entry entry) {
  entry.seq = next_++;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  entry.at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  if (file_.is_open()) file_ << line_of(entry) << '\n' << std::flush;
  entries_.push_back(std::move(entry));
  if (entries_.size() > capacity_) entries_.pop_front();
}

void Ledger::add(std::string what, std::shared_ptr<const Call> call, std::string note, int status, std::size_t bytes) {
  Entry entry;
  entry.what = std::move(what);
  entry.call = std::move(call);
  entry.note = std::move(note);
  entry.status = status;
  entry.bytes = bytes;
  add(std::move(entry));
}

std::string Ledger::lines(std::uint64_t from, std::size_t most) const {
  std::string text;
  auto entry = std::ranges::lower_bound(entries_, from, {}, &Entry::seq);
  for (std::size_t i = 0; i < most && entry != entries_.end(); ++i, ++entry) text += line_of(*entry) + "\n";
  return text;
}

std::string line_of(const Entry& entry) {
  nlohmann::ordered_json line{{"seq", entry.seq}, {"at_ms", entry.at_ms}, {"event", entry.what}};
  if (entry.call) {
    const Call& call = *entry.call;
    line["exchange"] = call.exchange;
    line["link"] = call.link;
    line["method"] = call.method;
    line["target"] = call.target;
    line["gid"] = call.gid;
    line["branch"] = call.branch;
    line["operation"] = call.operation;
    line["phase"] = call.phase;
    line["attempt"] = call.attempt;
    if (entry.what == "request") line["fingerprint"] = call.fingerprint;
  }
  if (entry.status != 0) line["status"] = entry.status;
  if (entry.bytes != 0) line["bytes"] = entry.bytes;
  if (!entry.note.empty()) line["note"] = entry.note;
  // Names on a wire are bytes; what is no text must not stop the record.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Expectation::Expectation(Awaited awaited, const Call& held, std::uint64_t from)
    : awaited_(std::move(awaited)), exchange_(held.exchange), next_(from), left_(awaited_.nth) {
  auto& gid = awaited_.match.gid;
  if (!gid && !held.gid.empty()) gid = held.gid;
}

bool Expectation::is_met(const Ledger& ledger) {
  const auto& entries = ledger.entries();
  for (auto entry = std::ranges::lower_bound(entries, next_, {}, &Entry::seq); entry != entries.end(); ++entry) {
    next_ = entry->seq + 1;
    if (counts(*entry)) --left_;
  }
  return left_ <= 0;
}

bool Expectation::counts(const Entry& entry) const {
  if (!awaited_.signal.empty()) return entry.what == "signal" && entry.note == awaited_.signal;
  if (!entry.call || entry.call->exchange == exchange_ || entry.what != word_of(awaited_.event)) return false;
  return (!awaited_.status || *awaited_.status == entry.status) && fits(awaited_.match, *entry.call);
}

}  // namespace escrow::proxy
