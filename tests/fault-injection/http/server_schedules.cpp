#include "tests/fault-injection/http/exchanges.hpp"
#include "tests/fault-injection/http/pieces.hpp"
#include "tests/fault-injection/http/server_rig.hpp"
#include "tests/fault-injection/http/virtual_time.hpp"

namespace escrow::http_faults {
namespace {

constexpr std::array<Then, 3> every_end{Then::half_closes, Then::stalls, Then::resets};

Report cuts(std::uint64_t) {
  ServerRig rig;
  Report report;
  for (const Exchange& exchange : canonical_requests()) {
    const std::string_view bytes = exchange.bytes;
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      for (const Then then : every_end) {
        report.add(rig.converse({bytes.substr(0, size)}, then), exchange.name + ", cut at " + std::to_string(size));
      }
    }
  }
  return report;
}

Report splits(std::uint64_t stride) {
  ServerRig rig;
  Report report;
  for (const Exchange& exchange : canonical_requests()) {
    for_every_split(exchange.bytes, stride, [&](const Pieces& pieces, const std::string& where) {
      report.add(rig.converse(pieces, Then::half_closes), exchange.name + ", " + where);
    });
  }
  return report;
}

Report garbage(std::uint64_t) {
  ServerRig rig;
  Report report;
  for (const Exchange& exchange : canonical_requests()) {
    for_every_damage(exchange.bytes, [&](const std::string& bytes, const std::string& where) {
      report.add(rig.converse({bytes}, Then::half_closes), exchange.name + ", " + where);
      report.add(rig.converse({bytes}, Then::stalls), exchange.name + ", " + where + ", stalls");
    });
  }
  return report;
}

Report hostile(std::uint64_t stride) {
  ServerRig rig;
  Report report;
  for (const Exchange& exchange : hostile_requests()) {
    const std::string_view bytes = exchange.bytes;
    for (const Then then : every_end) report.add(rig.converse({bytes}, then), exchange.name);
    if (bytes.size() < 1000) {
      for_every_split(bytes, stride, [&](const Pieces& pieces, const std::string& where) {
        report.add(rig.converse(pieces, Then::half_closes), exchange.name + ", " + where);
      });
    }
    for (std::size_t size = 0; size < bytes.size(); size += bytes.size() < 1000 ? 1 : 97) {
      report.add(rig.converse({bytes.substr(0, size), bytes.substr(size)}, Then::stalls), exchange.name + ", from " + std::to_string(size));
      report.add(rig.converse({bytes.substr(0, size)}, Then::stalls), exchange.name + ", up to " + std::to_string(size));
    }
  }
  return report;
}

Report drips(std::uint64_t) {
  ServerRig rig;
  Report report;
  for (const Exchange& exchange : canonical_requests()) {
    const std::string_view bytes = exchange.bytes;
    const std::size_t end = bytes.find("\r\n\r\n") + 4;
    report.add(rig.drip(bytes.substr(0, 1), bytes.substr(1, end - 2)), exchange.name + ", header");
    const ReadRequest request = read_request(bytes);
    if (request.body.size() > 1 && request.size > end + 1) {
      report.add(rig.drip(bytes.substr(0, end), bytes.substr(end, request.size - end - 1)), exchange.name + ", body");
    }
  }
  return report;
}

Report answers_cut(std::uint64_t) {
  ServerRig rig;
  Report report;
  for (const Exchange& exchange : canonical_requests()) {
    const std::string whole = rig.whole_answer(exchange.bytes);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      for (const Then then : every_end)
        report.add(rig.cut_answer(exchange.bytes, whole, size, then), exchange.name + ", its answer cut at " + std::to_string(size));
    }
  }
  return report;
}

Report clients_that_go(std::uint64_t) {
  using namespace std::chrono_literals;
  ServerRig rig;
  Report report;
  for (const Exchange& exchange : canonical_requests()) {
    if (read_request(exchange.bytes).target.find("/wait") == std::string::npos) continue;
    for (const auto after : {0ms, 1ms, 500ms, 999ms}) {
      for (const Then then : {Then::half_closes, Then::resets})
        report.add(rig.leave(exchange.bytes, after, then), exchange.name + ", gone after " + std::to_string(after.count()) + " ms");
    }
  }
  return report;
}

}  // namespace

void Report::add(const std::string& fault, const std::string& where) {
  ++schedules;
  if (fault.empty()) return;
  ++faulty;
  if (faults.size() < 20) faults.push_back(where + ": " + fault);
}

const std::vector<Family>& server_families() {
  static const std::vector<Family> all{{"requests cut", cuts},
                                       {"requests split", splits},
                                       {"requests damaged", garbage},
                                       {"hostile requests", hostile},
                                       {"requests dripped", drips},
                                       {"the server's answers cut", answers_cut},
                                       {"clients that go", clients_that_go}};
  return all;
}

}  // namespace escrow::http_faults
