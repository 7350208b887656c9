#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/commands.hpp"
#include "cli/pages.hpp"

/// Follows what happens, over lost connections and restarts of the coordinator.
namespace escrow::cli {
namespace {

using nlohmann::json;

std::string gap_text(const json& gap) {
  return "(events after " + gap.value("after", json()).dump() + " and before " + gap.value("complete_from", json()).dump() +
         " are missing: they have been removed)\n";
}

/// The end of what is being watched.
ExitStatus present_end(Session& session, const std::string& gid) {
  const auto answer = session.api.get("/v1/transactions/" + encoded(gid));
  if (!answer) return tell(answer.error());
  const auto transaction = read_transaction(json::parse(*answer));
  if (!transaction) return tell(transaction.error());
  if (!session.as_json) print("\n" + standing_page(*transaction, now(), session.look));
  return transaction->status == "committed" ? ExitStatus::done : ExitStatus::aborted;
}

/// Whether something is still to come behind that place of the history of one transaction.
Outcome<bool> goes_on(Session& session, const std::string& gid, const std::string& last_id) {
  const std::string path = "/v1/transactions/" + encoded(gid);
  const auto answer = session.api.get(path);
  if (!answer) return answer.error();
  const auto transaction = read_transaction(json::parse(*answer));
  if (!transaction) return transaction.error();
  // Its end is in the stream, unless the stream begins behind it.
  if (last_id.empty() || !transaction->is_terminal()) return true;
  const auto history = session.api.get(path + "/events");
  if (!history) return history.error();
  const json events = json::parse(*history).value("events", json::array());
  const std::int64_t last = events.empty() ? 0 : events.back().value("seq", std::int64_t{0});
  return std::strtoll(last_id.c_str(), nullptr, 10) < last;
}

}  // namespace

ExitStatus watch(Session& session, const WatchOptions& options) {
  QueryText query;
  const bool watches_one = !options.gid.empty();
  if (watches_one) query.add("gid", options.gid);
  for (const std::string& type : options.types) query.add("type", type);
  if (watches_one && !options.types.empty()) {
    // Its end is what it waits for.
    for (const char* type : {"committed", "aborted"}) query.add("type", type);
  }
  const std::string after = options.after ? std::to_string(*options.after) : "";
  bool has_ended = false;
  bool was_lost = false;
  const auto take = [&](const EventMessage& message) {
    if (std::exchange(was_lost, false)) std::fputs("escrowctl: connected again\n", stderr);
    const json value = json::parse(message.data, nullptr, false);
    if (!value.is_object()) return Follow::on;
    // Nobody reads it any more, or nothing can be written there.
    if (session.as_json && !print(message.data + "\n")) return Follow::end;
    if (message.event == "gap") {
      if (!session.as_json && !print(session.look.paint(Tone::warning, gap_text(value)))) return Follow::end;
      // The end may be what is missing.
      return watches_one ? Follow::anew : Follow::on;
    }
    const auto event = read_event(value);
    if (!event) return Follow::on;
    if (!session.as_json && !print(event_line(*event, watches_one ? "" : value.value("gid", ""), session.look))) return Follow::end;
    has_ended = watches_one && (event->type == "committed" || event->type == "aborted");
    return has_ended ? Follow::end : Follow::on;
  };
  const auto lost = [&](const std::string& why) {
    if (!std::exchange(was_lost, true))
      std::fprintf(stderr, "escrowctl: the connection was lost (%s), trying again\n", printable(why).c_str());
  };
  Follower follower{take, lost};
  if (watches_one) {
    follower.before_connection = [&](const std::string& last_id) {
      auto more = goes_on(session, options.gid, last_id);
      has_ended = more && !*more;
      return more;
    };
  }
  const auto followed = session.api.follow("/v1/events" + query.text(), after, follower);
  if (!followed) return tell(followed.error());
  return has_ended ? present_end(session, options.gid) : ExitStatus::done;
}

}  // namespace escrow::cli
