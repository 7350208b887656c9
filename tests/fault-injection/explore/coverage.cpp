#include "tests/fault-injection/explore/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/fault-injection/sim/identities.hpp"

namespace escrow::explore {
namespace {

using sim::Fired;
using sim::Point;

/// How often each kind was tried in a scenario as a single, and how often it broke something.
struct Cell {
  std::uint64_t tried = 0;
  std::uint64_t bad = 0;
};

struct Totals {
  std::size_t points = 0;
  std::size_t discovered = 0;
  std::uint64_t singles = 0;
  std::uint64_t bad_singles = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t absorbed = 0;
  std::uint64_t singles_on_rows = 0;
  std::uint64_t pairs = 0;
  std::uint64_t bad_pairs = 0;
  std::size_t courses = 0;
  std::size_t classes = 0;
};

std::uint64_t bad_in(const std::vector<Attempt>& attempts) {
  return static_cast<std::uint64_t>(std::ranges::count_if(attempts, [](const Attempt& attempt) { return !attempt.violations.empty(); }));
}

Totals totals_of(const std::vector<Report>& reports) {
  Totals totals;
  for (const Report& report : reports) {
    totals.points += report.points;
    totals.discovered += report.points_discovered;
    totals.singles += report.singles.size();
    totals.bad_singles += bad_in(report.singles);
    totals.unchanged += report.unchanged;
    totals.absorbed += report.absorbed;
    totals.singles_on_rows += report.singles_on_rows;
    totals.pairs += report.pairs;
    totals.bad_pairs += report.bad_pairs.size();
    totals.courses += report.courses;
    totals.classes += report.classes.size();
  }
  return totals;
}

std::string site_of(const Fired& fault) {
  Fired site = fault;
  site.occurrence = 0;
  site.until_healed = false;
  const std::string text = sim::text_of(site);
  const auto space = text.find(' ');
  return space == std::string::npos ? "process" : text.substr(space + 1);
}

std::string name_of(Point point) { return std::string(sim::describe(point).name); }

/// Site by site, kind by kind: what the singles said.
std::map<std::string, std::map<Point, Cell>> cells_of(const Report& report) {
  std::map<std::string, std::map<Point, Cell>> cells;
  for (const Attempt& attempt : report.singles) {
    if (attempt.faults.empty()) continue;
    Cell& cell = cells[site_of(attempt.faults.front())][attempt.faults.front().point];
    ++cell.tried;
    cell.bad += attempt.violations.empty() ? 0 : 1;
  }
  return cells;
}

std::vector<Point> points_tried(const std::vector<Report>& reports) {
  std::set<Point> points;
  for (const Report& report : reports) {
    for (const Attempt& attempt : report.singles) {
      for (const Fired& fault : attempt.faults) points.insert(fault.point);
    }
  }
  return {points.begin(), points.end()};
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '"' || c == '\\') safe += '\\';
    safe += c;
  }
  return safe;
}

std::string list_of(const std::vector<Fired>& faults) {
  std::string text;
  for (const Fired& fault : faults) text += (text.empty() ? "\"" : ", \"") + escaped(sim::text_of(fault)) + "\"";
  return "[" + text + "]";
}

/// Who causes such a fault where real processes run: a rule of the proxy, a failpoint, the supervisor of processes, the client.
std::string_view cause_of(Point point) {
  switch (point) {
    case Point::coordinator_crash:
    case Point::coordinator_crash_kept: return "failpoint: kill";
    case Point::coordinator_crash_at_start: return "failpoint: kill while recovering";
    case Point::coordinator_pause: return "process: SIGSTOP, SIGCONT";
    case Point::coordinator_drain: return "process: SIGTERM, start";
    case Point::clock_forward:
    case Point::clock_back: return "process: start with another wall clock";
    case Point::store_unavailable: return "failpoint: the write fails";
    case Point::store_unknown_applied: return "failpoint: COMMIT fails after it was done";
    case Point::store_unknown_lost: return "failpoint: COMMIT fails and was not done";
    case Point::store_slow: return "failpoint: sleep";
    case Point::store_read_failed: return "failpoint: the read fails";
    case Point::service_down:
    case Point::request_reset: return "proxy: refuse";
    case Point::service_silent:
    case Point::request_lost: return "proxy: blackhole";
    case Point::service_deaf:
    case Point::answer_lost: return "proxy: reset_after_request";
    case Point::delivered_late: return "proxy: hold_until the time-out, then forward";
    case Point::duplicated_now: return "proxy: duplicate";
    case Point::duplicated_late: return "proxy: duplicate after a delay";
    case Point::slow_link: return "proxy: delay";
    case Point::garbled_answer: return "proxy: corrupt";
    case Point::proxy_before: return "proxy: replace with 502, unforwarded";
    case Point::proxy_after: return "proxy: replace the answer with 504";
    case Point::participant_crash_before:
    case Point::participant_crash_after: return "process: kill the participant";
    case Point::participant_busy: return "proxy: replace with 425, unforwarded";
    case Point::participant_in_progress: return "proxy: replace with 202, forward";
    case Point::participant_overloaded: return "proxy: replace with 503 and Retry-After";
    case Point::participant_too_many: return "proxy: replace with 429";
    case Point::participant_failed: return "proxy: replace with 503";
    case Point::refused_forward:
    case Point::refused_final: return "participant: its business says no";
    case Point::api_request_lost: return "proxy before the coordinator: reset_before";
    case Point::api_answer_lost: return "proxy before the coordinator: reset_after_request";
    case Point::api_duplicated:
    case Point::api_duplicated_late: return "proxy before the coordinator: duplicate";
    case Point::client_dies: return "client: stops";
    // These have no counterpart that a test can reach in a real process.
    case Point::amnesia:
    case Point::store_overloaded:
    case Point::write_survives_crash:
    case Point::row_damaged:
    case Point::row_retired:
    case Point::conflict:
    case Point::lost_write_returns:
    case Point::late_write:
    case Point::client_choice:
    case Point::operator_word:
    case Point::latency:
    case Point::jitter:
    case Point::restart_delay:
    case Point::choice: break;
  }
  return "simulation only";
}

std::string share(std::uint64_t good, std::uint64_t all) { return fmt::format("{}/{}", good, all); }

}  // namespace

std::string bound_of(const std::vector<Report>& reports, const Depth& depth) {
  const Totals totals = totals_of(reports);
  std::string pairs = "Pairs were not part of this run.";
  if (depth.pairs) {
    pairs = fmt::format("Pairs: behind every one of these points, once, every fault point that its run met afterwards, once{}: {} runs.",
                        depth.every == 1 ? "" : fmt::format(" - of these only one in {}, so this is a sample", depth.every), totals.pairs);
  }
  return fmt::format(
      "Complete means: {} scenarios x {} fault points met by their runs without a fault x {{once, until healed}}: {} runs, {} of which "
      "took the course of the run without a fault; {} of a fault that the protocol absorbs, each of which has to end as that run; "
      "{} runs of these once more with the product's rows behind the log. {} points were "
      "discovered in these runs altogether, and the additional ones are reached by pairs. {} A fault point is a kind of fault at one "
      "identity (transaction, branch, operation, attempt, place among a step's effects) and occasion; delays are the middle ones, settings "
      "the default ones. Nothing more is claimed: not three faults, not other transactions, not several coordinators.",
      reports.size(), totals.points, totals.singles, totals.unchanged, totals.absorbed, totals.singles_on_rows, totals.discovered, pairs);
}

std::string markdown_of(const std::vector<Report>& reports, const Depth& depth) {
  const Totals totals = totals_of(reports);
  std::string text = "# Coverage of the systematic exploration\n\n" + bound_of(reports, depth) + "\n\n";
  text +=
      "| scenario | points | discovered | singles sound | pairs sound | courses | classes (course, kind) "
      "|\n|---|---|---|---|---|---|---|\n";
  for (const Report& report : reports) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", report.scenario->name, report.points, report.points_discovered,
                        share(report.singles.size() - bad_in(report.singles), report.singles.size()),
                        share(report.pairs - report.bad_pairs.size(), report.pairs), report.courses, report.classes.size());
  }
  text += fmt::format("| **all** | {} | {} | {} | {} | {} | {} |\n\n", totals.points, totals.discovered,
                      share(totals.singles - totals.bad_singles, totals.singles), share(totals.pairs - totals.bad_pairs, totals.pairs),
                      totals.courses, totals.classes);
  text += "## Singles by kind of fault\n\nHow many of the singles were sound, of how many.\n\n| kind |";
  std::string rule = "|---|";
  for (const Report& report : reports) {
    if (report.scenario->name.ends_with("+other")) continue;
    text += " " + report.scenario->name + " |";
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  for (const Point point : points_tried(reports)) {
    text += "| " + name_of(point) + " |";
    for (const Report& report : reports) {
      if (report.scenario->name.ends_with("+other")) continue;
      Cell sum;
      for (const auto& [site, kinds] : cells_of(report)) {
        if (const auto cell = kinds.find(point); cell != kinds.end()) {
          sum.tried += cell->second.tried;
          sum.bad += cell->second.bad;
        }
      }
      text += sum.tried == 0 ? " - |" : fmt::format(" {} |", share(sum.tried - sum.bad, sum.tried));
    }
    text += "\n";
  }
  text += "\n## What broke\n\n";
  std::string broke;
  for (const Report& report : reports) {
    for (const auto* attempts : {&report.singles, &report.bad_on_rows, &report.bad_pairs}) {
      for (const Attempt& attempt : *attempts) {
        if (!attempt.violations.empty())
          broke += fmt::format("- {} with {}: {}\n", report.scenario->name, list_of(attempt.faults), attempt.violations.front());
      }
    }
  }
  return text + (broke.empty() ? "Nothing.\n" : broke);
}

std::string json_of(const std::vector<Report>& reports, const Depth& depth) {
  std::string text = fmt::format("{{\"bound\": \"{}\", \"scenarios\": [\n", escaped(bound_of(reports, depth)));
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const Report& report = reports[i];
    text += fmt::format(
        "{{\"name\": \"{}\", \"course\": \"{}\", \"points\": {}, \"discovered\": {}, \"singles\": {}, \"singles_bad\": {}, \"pairs\": {}, "
        "\"pairs_bad\": {}, \"courses\": {}, \"classes\": {}, \"sites\": {{",
        report.scenario->name, escaped(report.scenario->course), report.points, report.points_discovered, report.singles.size(),
        bad_in(report.singles), report.pairs, report.bad_pairs.size(), report.courses, report.classes.size());
    bool first_site = true;
    for (const auto& [site, kinds] : cells_of(report)) {
      text += fmt::format("{}\"{}\": {{", first_site ? "" : ", ", escaped(site));
      first_site = false;
      bool first_kind = true;
      for (const auto& [point, cell] : kinds) {
        text += fmt::format("{}\"{}\": [{}, {}]", first_kind ? "" : ", ", name_of(point), cell.tried - cell.bad, cell.tried);
        first_kind = false;
      }
      text += "}";
    }
    text += i + 1 == reports.size() ? "}}\n" : "}},\n";
  }
  return text + "]}\n";
}

std::string html_of(const std::vector<Report>& reports, const Depth& depth) {
  std::string text =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Coverage of the systematic exploration</title><style>"
      "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #ccc;padding:2px 6px}"
      "th{font-weight:normal;text-align:left}thead th{writing-mode:vertical-rl}.ok{background:#dfd}.bad{background:#f88}</style>"
      "<h1>Coverage of the systematic exploration</h1><p>" +
      bound_of(reports, depth) + "</p>";
  for (const Report& report : reports) {
    text +=
        fmt::format("<details><summary><b>{}</b>: {} ({} singles, {} pairs, {} courses, {} broken)</summary><table><thead><tr><th></th>",
                    report.scenario->name, report.scenario->course, report.singles.size(), report.pairs, report.courses,
                    bad_in(report.singles) + report.bad_pairs.size());
    const auto points = points_tried({report});
    for (const Point point : points) text += "<th>" + name_of(point) + "</th>";
    text += "</tr></thead>";
    for (const auto& [site, kinds] : cells_of(report)) {
      text += "<tr><th>" + site + "</th>";
      for (const Point point : points) {
        const auto cell = kinds.find(point);
        if (cell == kinds.end()) {
          text += "<td>-</td>";
        } else if (cell->second.bad == 0) {
          text += fmt::format("<td class=\"ok\">{}</td>", cell->second.tried);
        } else {
          text += fmt::format("<td class=\"bad\">{} of {}</td>", cell->second.bad, cell->second.tried);
        }
      }
      text += "</tr>";
    }
    text += "</table></details>\n";
  }
  return text + "</html>\n";
}

std::string classes_of(const std::vector<Report>& reports) {
  std::string text;
  for (const Report& report : reports) {
    for (const auto& [key, faults] : report.classes) {
      std::string causes;
      for (const Fired& fault : faults) causes += fmt::format("{}\"{}\"", causes.empty() ? "" : ", ", cause_of(fault.point));
      text += fmt::format("{{\"scenario\": \"{}\", \"course\": \"{:016x}\", \"kind\": \"{}\", \"faults\": {}, \"causes\": [{}]}}\n",
                          report.scenario->name, key.first, key.second, list_of(faults), causes);
    }
  }
  return text;
}

std::string skipped_of(const std::vector<Report>& reports) {
  std::string text;
  for (const Report& report : reports) {
    for (const auto& faults : report.skipped)
      text += fmt::format("{{\"scenario\": \"{}\", \"faults\": {}}}\n", report.scenario->name, list_of(faults));
  }
  return text;
}

}  // namespace escrow::explore
