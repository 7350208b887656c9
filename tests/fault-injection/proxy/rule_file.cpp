#include "tests/fault-injection/proxy/rule_file.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <yaml-cpp/yaml.h>

#include "tests/fault-injection/proxy/yaml_map.hpp"

namespace escrow::proxy {
namespace {

constexpr std::int64_t most_ms = 3'600'000;

Duration ms_of(YamlMap& map, const char* name, std::int64_t otherwise) { return Duration(map.number(name, otherwise, 0, most_ms)); }

Match match_of(YamlMap& map) {
  Match match;
  match.link = map.text(("link"));
  match.method = map.text("method");
  match.path = map.text("path");
  match.gid = map.text("gid");
  match.branch = map.text("branch");
  match.operation = map.text("operation");
  match.phase = map.text("phase");
  if (map.has("attempt")) match.attempt = map.number("attempt", 1, 0, 1'000'000'000);
  if (auto headers = map.map("headers")) {
    for (const std::string& name : headers->names()) match.headers[name] = *headers->text(name.c_str());
    headers->end();
  }
  return match;
}

Awaited awaited_of(YamlMap map) {
  Awaited awaited;
  awaited.patience = ms_of(map, "patience_ms", 30'000);
  if (const auto signal = map.text("signal")) {
    awaited.signal = *signal;
    if (signal->empty()) map.fail("a signal has a name");
    map.end();
    return awaited;
  }
  constexpr std::array<std::string_view, 4> words{"request", "forwarded", "response", "ended"};
  const std::string event = map.text("event").value_or("response");
  const auto found = std::ranges::find(words, event);
  if (found == words.end()) map.fail("event is one of request, forwarded, response, ended");
  awaited.event = static_cast<Happened>(found - words.begin());
  if (map.has("status")) awaited.status = static_cast<int>(map.number("status", 200, 100, 999));
  awaited.nth = static_cast<int>(map.number("nth", 1, 1, 1'000'000));
  awaited.match = match_of(map);
  map.end();
  return awaited;
}

Place place_of(const YAML::Node& node, const std::string& where) {
  const std::string text = node.IsScalar() ? node.Scalar() : "";
  if (text == "head") return {Place::Kind::head, 0};
  if (text == "all") return {Place::Kind::all, 0};
  if (!text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string::npos) {
    return {Place::Kind::bytes, static_cast<std::size_t>(std::stoul(text))};
  }
  YamlMap::fail_at(node, where, "a number of bytes, head, or all");
}

Said said_of(YamlMap map) {
  Said said;
  said.raw = map.text("raw");
  if (!said.raw) {
    said.status = static_cast<int>(map.number("status", 0, 0, 999));
    if (said.status < 100) map.fail("status is from 100 to 999");
    said.reason = map.text("reason").value_or("");
    said.body = map.text("body").value_or("");
    if (auto headers = map.map("headers")) {
      for (const std::string& name : headers->names()) said.headers.emplace_back(name, *headers->text(name.c_str()));
      headers->end();
    }
  }
  map.end();
  return said;
}

Said redirect_of(YamlMap map) {
  Said said;
  const auto to = map.text("to");
  if (!to) map.fail("a redirect says where to");
  said.status = static_cast<int>(map.number("status", 307, 300, 399));
  said.headers.emplace_back("Location", *to);
  map.end();
  return said;
}

Delay delay_of(const YAML::Node& node, YamlMap& parent, const char* name) {
  if (node.IsScalar()) {
    const Duration fixed = ms_of(parent, name, 0);
    return {fixed, fixed};
  }
  YamlMap map = *parent.map(name);
  Delay delay{ms_of(map, "least_ms", 0), ms_of(map, "most_ms", 0)};
  map.end();
  if (delay.most < delay.least) map.fail("most_ms is less than least_ms");
  return delay;
}

Duplicate duplicate_of(YamlMap map) {
  Duplicate duplicate;
  duplicate.copies = static_cast<int>(map.number("copies", 1, 1, 100));
  duplicate.after = ms_of(map, "after_ms", 0);
  if (auto awaited = map.map("hold_until")) duplicate.hold = awaited_of(std::move(*awaited));
  map.end();
  return duplicate;
}

void read_passage(YamlMap& map, const std::string& side, Passage& passage) {
  const bool is_request = side == "request";
  const std::string delay = is_request ? "delay" : "delay_response";
  if (map.has(delay.c_str())) passage.delay = delay_of(map.node(delay.c_str()), map, delay.c_str());
  const std::string hold = is_request ? "hold_until" : "hold_response_until";
  if (auto awaited = map.map(hold.c_str())) passage.hold = awaited_of(std::move(*awaited));
  passage.is_lost = map.flag(("lose_" + side).c_str());
  constexpr std::array<std::pair<const char*, Cut::How>, 4> cuts{
      {{"reset_", Cut::How::reset}, {"close_", Cut::How::close}, {"stall_", Cut::How::stall}, {"half_close_", Cut::How::half_close}}};
  for (const auto& [word, how] : cuts) {
    const std::string name = word + side;
    if (!map.has(name.c_str())) continue;
    if (passage.cut) map.fail("a " + side + " is cut once only");
    passage.cut = Cut{how, place_of(map.node(name.c_str()), map.where() + "." + name)};
  }
  const std::string pace = "pace_" + side;
  const std::string bandwidth = "bandwidth_" + side;
  if (auto paced = map.map(pace.c_str())) {
    passage.pace = Pace{static_cast<std::size_t>(paced->number("bytes", 1, 1, 1'000'000)), ms_of(*paced, "every_ms", 10)};
    paced->end();
  }
  if (map.has(bandwidth.c_str())) {
    if (passage.pace) map.fail("pace and bandwidth are the same thing said twice");
    const auto rate = map.number(bandwidth.c_str(), 1000, 1, 1'000'000'000);
    // At most fifty pieces a second.
    const std::int64_t pieces = std::min<std::int64_t>(rate, 50);
    passage.pace = Pace{static_cast<std::size_t>(rate / pieces), Duration(1000 / pieces)};
  }
  const std::string garble = "garble_" + side;
  if (auto garbled = map.map(garble.c_str())) {
    Garble one;
    if (garbled->has("at")) one.at = place_of(garbled->node("at"), garbled->where() + ".at");
    one.bytes = static_cast<std::size_t>(garbled->number("bytes", 1, 1, 1'000'000));
    garbled->end();
    passage.garble = one;
  }
}

Action action_of(YamlMap map) {
  Action action;
  read_passage(map, "request", action.request);
  read_passage(map, "response", action.response);
  if (const auto side = map.text("clog")) {
    if (*side != "requests" && *side != "responses" && *side != "both") map.fail("clog is one of requests, responses, both");
    action.request.is_clogged = *side != "responses";
    action.response.is_clogged = *side != "requests";
  }
  if (auto said = map.map("answer")) action.answer = said_of(std::move(*said));
  if (auto redirect = map.map("redirect")) {
    if (action.answer) map.fail("answer and redirect exclude each other");
    action.answer = redirect_of(std::move(*redirect));
  }
  if (auto said = map.map("replace_response")) action.replacement = said_of(std::move(*said));
  if (map.has("length_off_by")) action.length_off_by = static_cast<int>(map.number("length_off_by", 0, -1'000'000, 1'000'000));
  if (auto duplicate = map.map("duplicate")) action.duplicate = duplicate_of(std::move(*duplicate));
  if (map.has("reorder")) action.reorder = ms_of(map, "reorder", 1000);
  action.refuses = map.flag("refuse");
  action.swallows = map.flag("swallow");
  const bool is_empty = map.is_empty();
  map.end();
  if (is_empty) map.fail("a rule does something");
  return action;
}

Rule rule_of(YamlMap map, std::size_t number) {
  Rule rule;
  rule.name = map.text("name").value_or("rule " + std::to_string(number));
  if (auto match = map.map("match")) {
    rule.match = match_of(*match);
    match->end();
  }
  rule.skip = map.number("skip", 0, 0, 1'000'000'000);
  if (map.has("times")) rule.times = map.number("times", 1, 1, 1'000'000'000);
  if (map.has("nth")) {
    if (rule.times || rule.skip > 0) map.fail("nth says what skip and times would");
    rule.skip = map.number("nth", 1, 1, 1'000'000'000) - 1;
    rule.times = 1;
  }
  rule.probability = map.real("probability", 1, 0, 1);
  auto action = map.map("do");
  if (!action) map.fail("do is missing");
  rule.action = action_of(std::move(*action));
  map.end();
  if (rule.action.is_of_links()) {
    const bool is_plain = rule.match.is_of_links_only() && rule.skip == 0 && !rule.times && rule.probability == 1;
    if (!is_plain) map.fail("refuse and swallow are of whole links: match may name the link, nothing else");
  }
  return rule;
}

SwarmOptions swarm_of(YamlMap map, std::uint64_t seed) {
  SwarmOptions options = SwarmOptions::usual(static_cast<std::uint64_t>(map.number("seed", static_cast<std::int64_t>(seed), 0, INT64_MAX)));
  options.links = map.texts("links");
  options.is_scaled = map.has("scaled") ? map.flag("scaled") : true;
  options.most_delay = ms_of(map, "most_delay_ms", 400);
  if (auto weights = map.map("kinds")) {
    options.weights.fill(0);
    for (const std::string& name : weights->names()) {
      const auto kind = kind_named(name);
      if (!kind) weights->fail("no kind of fault is named " + name);
      options.weights.at(static_cast<std::size_t>(*kind)) = weights->real(name.c_str(), 0, 0, 1);
    }
    weights->end();
  }
  map.end();
  return options;
}

Swizzle swizzle_of(YamlMap map) {
  Swizzle swizzle;
  swizzle.links = map.texts("links");
  swizzle.every = ms_of(map, "every_ms", 200);
  swizzle.hold = ms_of(map, "hold_ms", 1000);
  swizzle.rounds = static_cast<int>(map.number("rounds", 1, 1, 1'000'000));
  map.end();
  return swizzle;
}

RuleSet set_of(YamlMap& top, std::uint64_t seed) {
  RuleSet set;
  std::set<std::string> names;
  for (YamlMap& one : top.maps("rules")) {
    const YamlMap kept = one;
    set.rules.push_back(rule_of(std::move(one), set.rules.size() + 1));
    if (!names.insert(set.rules.back().name).second) kept.fail("a second rule of this name");
  }
  if (auto swarm = top.map("swarm")) set.swarm = swarm_of(std::move(*swarm), seed);
  if (auto swizzle = top.map("swizzle")) set.swizzle = swizzle_of(std::move(*swizzle));
  return set;
}

void check_links(const RulesFile& file) {
  std::set<std::string> known;
  for (const LinkOptions& link : file.links) {
    if (!known.insert(link.name).second) throw std::invalid_argument("links: two are named " + link.name);
  }
  const auto check = [&](const std::vector<std::string>& names, const std::string& where) {
    for (const std::string& name : names) {
      if (!known.contains(name)) throw std::invalid_argument(where + ": no link is named " + name);
    }
  };
  if (file.set.swarm) check(file.set.swarm->links, "swarm.links");
  if (file.set.swizzle) check(file.set.swizzle->links, "swizzle.links");
  for (const Rule& rule : file.set.rules) {
    const auto& link = rule.match.link;
    if (link && link->find('*') == std::string::npos) check({*link}, rule.name);
  }
}

template <class Read>
auto reading(const std::string& text, Read read) -> Result<decltype(read(std::declval<YamlMap&>()))> {
  const auto fault = [](const std::string& what) { return Error{std::make_error_code(std::errc::invalid_argument), what}; };
  try {
    const YAML::Node node = YAML::Load(text);
    YamlMap top(node.IsNull() ? YAML::Node(YAML::NodeType::Map) : node, "");
    auto value = read(top);
    top.end();
    return value;
  } catch (const YAML::Exception& wrong) {
    return fault("line " + std::to_string(wrong.mark.line + 1) + ": " + wrong.msg);
  } catch (const std::invalid_argument& wrong) {
    return fault(wrong.what());
  }
}

}  // namespace

Result<RulesFile> read_rules_file(const std::string& text, std::optional<std::uint64_t> seed) {
  auto file = reading(text, [seed](YamlMap& top) {
    RulesFile read;
    read.seed = static_cast<std::uint64_t>(top.number("seed", 1, 0, INT64_MAX));
    if (seed) read.seed = *seed;
    for (YamlMap& one : top.maps("links")) {
      LinkOptions link;
      link.name = one.text("name").value_or("");
      link.listen = one.text("listen").value_or(link.listen);
      link.to = one.text("to").value_or("");
      if (link.name.empty() || link.to.empty()) one.fail("a link has a name and says where to");
      one.end();
      read.links.push_back(std::move(link));
    }
    read.set = set_of(top, read.seed);
    check_links(read);
    return read;
  });
  return file;
}

Result<RuleSet> read_rule_set(const std::string& text, std::uint64_t seed) {
  return reading(text, [seed](YamlMap& top) { return set_of(top, seed); });
}

}  // namespace escrow::proxy
