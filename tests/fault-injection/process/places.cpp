#include "tests/fault-injection/process/places.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <stdexcept>

namespace escrow::processes {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// `t17` becomes `{2}` where 15 is the first.
std::string with_places(const std::string& context, int first) {
  std::string out;
  for (std::size_t i = 0; i < context.size();) {
    const bool is_gid = context[i] == 't' && (i == 0 || context[i - 1] == '/') && i + 1 < context.size() && is_digit(context[i + 1]);
    if (!is_gid) {
      out += context[i++];
      continue;
    }
    std::size_t end = i + 1;
    while (end < context.size() && is_digit(context[end])) ++end;
    out += "{" + std::to_string(std::stoi(context.substr(i + 1, end - i - 1)) - first) + "}";
    i = end;
  }
  return out;
}

std::string with_gids(const std::string& context, int first) {
  std::string out;
  for (std::size_t i = 0; i < context.size();) {
    const std::size_t end = context.find('}', i);
    if (context[i] != '{' || end == std::string::npos) {
      out += context[i++];
      continue;
    }
    out += "t" + std::to_string(std::stoi(context.substr(i + 1, end - i - 1)) + first);
    i = end + 1;
  }
  return out;
}

/// How many writes share a batch is chance.
bool has_chance_context(const std::string& point) { return point.starts_with("store.batch"); }

}  // namespace

std::vector<Place> places_in(const std::string& trace_path, int first) {
  std::vector<Place> places;
  std::ifstream file(trace_path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('!')) continue;
    const std::size_t space = line.find(' ');
    Place seen{line.substr(0, space), "", 1};
    if (!has_chance_context(seen.point)) seen.context = with_places(line.substr(space + 1), first);
    const auto known =
        std::ranges::find_if(places, [&](const Place& place) { return place.point == seen.point && place.context == seen.context; });
    if (known == places.end()) {
      places.push_back(std::move(seen));
    } else {
      ++known->hits;
    }
  }
  return places;
}

std::vector<Place> places_of(Family family) {
  Stage::Wanted wanted;
  wanted.is_traced = true;
  Stage stage(wanted);
  stage.play(family);
  stage.coordinator().kill();
  if (const std::string found = stage.verdict(); !found.empty()) throw std::runtime_error(found);
  std::vector<Place> places = places_in(stage.trace_path(), 0);
  // Those of the start are met by whoever starts, not by the family, and those of the way out by whoever is told to end.
  std::erase_if(places, [](const Place& place) {
    return place.point.starts_with("drain.") || place.point.starts_with("open.") || place.point.starts_with("migration.") ||
           place.point.starts_with("recovery.") || place.point.starts_with("daemon.") || place.point.starts_with("store.upkeep");
  });
  return places;
}

std::string rule_at(const Place& place, const std::string& action, std::uint64_t hit, int first) {
  std::string rule = place.point + " " + action;
  if (!place.context.empty()) rule += " in " + with_gids(place.context, first);
  return rule + " at " + std::to_string(hit);
}

}  // namespace escrow::processes
