#include "tests/fault-injection/http/client_rig.hpp"
#include "tests/fault-injection/http/exchanges.hpp"
#include "tests/fault-injection/http/pieces.hpp"

namespace escrow::http_faults {
namespace {

constexpr std::array<Then, 3> every_end{Then::half_closes, Then::stalls, Then::resets};

Report cuts(std::uint64_t) {
  ClientRig rig;
  Report report;
  for (const Exchange& exchange : canonical_answers()) {
    const std::string_view bytes = exchange.bytes;
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      for (const Then then : every_end) {
        const Pieces pieces = size == 0 ? Pieces{} : Pieces{bytes.substr(0, size)};
        report.add(rig.converse(pieces, then, exchange.method), exchange.name + ", cut at " + std::to_string(size));
      }
    }
  }
  return report;
}

Report splits(std::uint64_t stride) {
  ClientRig rig;
  Report report;
  for (const Exchange& exchange : canonical_answers()) {
    for_every_split(exchange.bytes, stride, [&](const Pieces& pieces, const std::string& where) {
      report.add(rig.converse(pieces, Then::half_closes, exchange.method), exchange.name + ", " + where);
    });
  }
  return report;
}

Report garbage(std::uint64_t) {
  ClientRig rig;
  Report report;
  for (const Exchange& exchange : canonical_answers()) {
    for_every_damage(exchange.bytes, [&](const std::string& bytes, const std::string& where) {
      report.add(rig.converse({bytes}, Then::stalls, exchange.method), exchange.name + ", " + where + ", stalls");
      report.add(rig.converse({bytes}, Then::half_closes, exchange.method), exchange.name + ", " + where);
    });
  }
  return report;
}

Report hostile(std::uint64_t stride) {
  ClientRig rig;
  Report report;
  for (const Exchange& exchange : hostile_answers()) {
    const std::string_view bytes = exchange.bytes;
    for (const Then then : every_end) report.add(rig.converse({bytes}, then, exchange.method), exchange.name);
    if (bytes.size() < 1000) {
      for_every_split(bytes, stride * 8, [&](const Pieces& pieces, const std::string& where) {
        report.add(rig.converse(pieces, Then::half_closes, exchange.method), exchange.name + ", " + where);
        report.add(rig.converse(pieces, Then::stalls, exchange.method), exchange.name + ", stalls, " + where);
      });
    }
  }
  return report;
}

/// The same for the request on its way out: at each byte the participant goes away, or stops reading.
Report requests(std::uint64_t) {
  ClientRig rig;
  Report report;
  const std::size_t size = rig.request_size();
  for (const bool is_kept : {false, true}) {
    for (std::size_t bytes = 0; bytes < size; ++bytes) {
      for (const Then then : every_end) {
        report.add(rig.cut_request(bytes, then, is_kept),
                   std::string(is_kept ? "kept" : "new") + ", request cut at " + std::to_string(bytes));
      }
    }
  }
  return report;
}

Report limits(std::uint64_t) {
  ClientRig rig;
  Report report;
  for (const Exchange& exchange : canonical_answers()) {
    if (exchange.method == "HEAD") continue;
    report.add(rig.drip(exchange.bytes), exchange.name + ", byte by byte and slowly");
  }
  report.add(rig.cannot_connect(true), "nobody listens");
  report.add(rig.cannot_connect(false), "a black hole");
  return report;
}

}  // namespace

const std::vector<Family>& client_families() {
  static const std::vector<Family> all{{"answers cut", cuts},        {"answers split", splits},      {"answers damaged", garbage},
                                       {"hostile answers", hostile}, {"requests cut off", requests}, {"limits", limits}};
  return all;
}

}  // namespace escrow::http_faults
