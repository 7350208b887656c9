#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/joined_pages.hpp"
#include "cli/pages.hpp"

/// The commands that look: list, show, events, attention, destinations, info.
namespace escrow::cli {
namespace {

using nlohmann::json;

constexpr std::int64_t longest_page = 500;

std::string path_of(const std::string& gid, const char* rest = "") { return "/v1/transactions/" + encoded(gid) + rest; }

/// Prints an answer as it came, or as the page that `draw` makes of it.
template <class Draw>
ExitStatus present(Session& session, const Outcome<std::string>& answer, Draw draw) {
  if (!answer) return tell(answer.error());
  if (session.as_json) {
    print(*answer + "\n");
    return ExitStatus::done;
  }
  const Outcome<std::string> page = draw(json::parse(*answer));
  if (!page) return tell(page.error());
  print(*page);
  return ExitStatus::done;
}

Outcome<QueryText> query_of(const FilterOptions& filter) {
  QueryText query;
  for (const std::string& status : filter.status) query.add("status", status);
  if (!filter.mode.empty()) query.add("mode", filter.mode);
  if (!filter.name.empty()) query.add("name", filter.name);
  if (filter.attention) query.add("attention", "true");
  for (const std::string& attribute : filter.attributes) {
    const std::size_t equals = attribute.find('=');
    if (equals == std::string::npos || equals == 0) return Failure{ExitStatus::usage, "--attribute " + attribute + " is not KEY=VALUE"};
    query.add("attribute." + attribute.substr(0, equals), attribute.substr(equals + 1));
  }
  if (!filter.started_after.empty()) query.add("started_after", filter.started_after);
  if (!filter.started_before.empty()) query.add("started_before", filter.started_before);
  return query;
}

/// Answers of the list, as they came.
struct Listed {
  std::vector<std::string> pages;
  std::vector<Transaction> transactions;
  /// Where the next page begins; empty: there is none.
  std::string cursor;
};

/// One page of the list, or all of them.
Outcome<Listed> read_list(Session& session, const ListOptions& options) {
  Listed listed;
  listed.cursor = options.cursor;
  do {
    auto query = query_of(options.filter);
    if (!query) return query.error();
    query->add("sort", options.sort).add("limit", std::to_string(options.all ? longest_page : options.limit));
    if (!listed.cursor.empty()) query->add("cursor", listed.cursor);
    const auto answer = session.api.get("/v1/transactions" + query->text());
    if (!answer) return answer.error();
    const json page = json::parse(*answer);
    if (!page.is_object() || !page.contains("transactions")) return Failure{ExitStatus::refused, "what answers is no escrowd"};
    auto transactions = read_transactions(page);
    if (!transactions) return transactions.error();
    std::ranges::move(*transactions, std::back_inserter(listed.transactions));
    const json next = page.value("next_cursor", json());
    listed.cursor = next.is_string() ? next.get<std::string>() : "";
    listed.pages.push_back(*answer);
  } while (options.all && !listed.cursor.empty());
  return listed;
}

using Draw = std::function<Outcome<std::string>(const Listed&)>;

ExitStatus present_list(Session& session, const ListOptions& options, const Draw& draw) {
  const auto listed = read_list(session, options);
  if (!listed) return tell(listed.error());
  if (session.as_json) {
    const auto whole = joined_pages(listed->pages);
    if (!whole) return tell(whole.error());
    print(*whole + "\n");
    return ExitStatus::done;
  }
  const auto page = draw(*listed);
  if (!page) return tell(page.error());
  print(*page);
  if (!listed->cursor.empty())
    print(session.look.paint(Tone::dim, "There are more: --cursor " + printable(listed->cursor) + ", or --all.") + "\n");
  return ExitStatus::done;
}

}  // namespace

bool FilterOptions::empty() const {
  return status.empty() && mode.empty() && name.empty() && !attention && attributes.empty() && started_after.empty() &&
         started_before.empty();
}

ExitStatus list_transactions(Session& session, const ListOptions& options) {
  return present_list(session, options, [&](const Listed& listed) -> Outcome<std::string> {
    // A filter may have passed over a whole page.
    if (listed.transactions.empty() && !listed.cursor.empty()) return std::string("None so far.\n");
    return list_page(listed.transactions, now(), session.look);
  });
}

ExitStatus show_attention(Session& session, ListOptions options) {
  options.filter = {};
  options.filter.attention = true;
  options.sort = "oldest";
  return present_list(session, options, [&](const Listed& listed) -> Outcome<std::string> {
    std::optional<std::int64_t> total;
    if (!listed.cursor.empty() || !options.cursor.empty()) {
      const auto overview = session.api.get("/v1/overview");
      if (!overview) return overview.error();
      total = json::parse(*overview).value("attention", std::int64_t{0});
    }
    return attention_page(listed.transactions, total, now(), session.look);
  });
}

ExitStatus show_transaction(Session& session, const ShowOptions& options) {
  if (session.as_json && (options.with_history || options.with_payloads)) {
    return tell({ExitStatus::usage, "--history and --payloads are for the page; the JSON has the payloads in it",
                 "The history as JSON: escrowctl -o json transactions events " + options.gid});
  }
  const auto answer = session.api.get(path_of(options.gid));
  if (!answer || session.as_json) return present(session, answer, [](const json&) { return Outcome<std::string>(std::string()); });
  const auto history = session.api.get(path_of(options.gid, "/events"));
  if (!history) return tell(history.error());
  const auto transaction = read_transaction(json::parse(*answer));
  if (!transaction) return tell(transaction.error());
  const auto events = read_events(json::parse(*history));
  if (!events) return tell(events.error());
  print(transaction_page(*transaction, *events, {options.with_history, options.with_payloads}, now(), session.look));
  return ExitStatus::done;
}

ExitStatus show_history(Session& session, const std::string& gid) {
  return present(session, session.api.get(path_of(gid, "/events")), [&](const json& answer) -> Outcome<std::string> {
    const auto events = read_events(answer);
    if (!events) return events.error();
    return history_page(*events, session.look);
  });
}

ExitStatus show_destinations(Session& session) {
  return present(session, session.api.get("/v1/destinations"),
                 [&](const json& answer) { return destinations_page(answer, now(), session.look); });
}

ExitStatus show_info(Session& session, bool with_settings) {
  const auto info = session.api.get("/v1/info");
  if (!info || session.as_json) return present(session, info, [](const json&) { return Outcome<std::string>(std::string()); });
  const auto overview = session.api.get("/v1/overview");
  if (!overview) return tell(overview.error());
  const auto page = info_page(json::parse(*info), json::parse(*overview), with_settings, now(), session.look);
  if (!page) return tell(page.error());
  print(*page);
  return ExitStatus::done;
}

}  // namespace escrow::cli
