#include "bench/floor/calls.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace escrow::bench {

Calls::Line& Calls::idle_line(const std::string& authority) {
  Destination& destination = destinations_[authority];
  if (destination.idle.empty()) {
    auto line = std::make_unique<Line>();
    line->exchange =
        std::make_unique<Exchange>(poller_, loopback_address(authority), [&destination, here = line.get()](const Message* message) {
          const auto answered = std::exchange(here->answered, nullptr);
          destination.idle.push_back(here);
          answered(message == nullptr ? 0 : message->status());
        });
    destination.idle.push_back(line.get());
    destination.lines.push_back(std::move(line));
  }
  Line& line = *destination.idle.back();
  destination.idle.pop_back();
  return line;
}

void Calls::post(const std::string& url, const std::string& headers, const std::string& payload, std::function<void(int)> answered) {
  constexpr std::size_t scheme = std::string_view("http://").size();
  const std::size_t path = url.find('/', scheme);
  const std::string authority = url.substr(scheme, path - scheme);
  Line& line = idle_line(authority);
  line.answered = std::move(answered);
  line.exchange->send(fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}",
                                  std::string_view(url).substr(path), authority, headers, payload.size(), payload));
}

}  // namespace escrow::bench
