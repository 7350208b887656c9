#include <cstdio>
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
    if (!value.is_object()) return true;
    if (session.as_json) {
      print(message.data + "\n");
    } else if (message.event == "gap") {
      print(session.look.paint(Tone::warning, gap_text(value)));
    }
    if (message.event == "gap") return true;
    const auto event = read_event(value);
    if (!event) return true;
    if (!session.as_json) print(event_line(*event, watches_one ? "" : value.value("gid", ""), session.look));
    has_ended = watches_one && (event->type == "committed" || event->type == "aborted");
    return !has_ended;
  };
  const auto lost = [&](const std::string& why) {
    if (!std::exchange(was_lost, true))
      std::fprintf(stderr, "escrowctl: the connection was lost (%s), trying again\n", printable(why).c_str());
  };
  const auto followed = session.api.follow("/v1/events" + query.text(), after, take, lost);
  if (!followed) return tell(followed.error());
  return has_ended ? present_end(session, options.gid) : ExitStatus::done;
}

}  // namespace escrow::cli
