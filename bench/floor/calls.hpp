#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/net/exchange.hpp"

namespace escrow::bench {

/// Calls participants over kept connections, as many at once as there are.
class Calls {
 public:
  explicit Calls(Poller& poller) : poller_(poller) {}

  /// POSTs `payload` to `url` ("http://127.0.0.1:PORT/path"); `answered` gets the status, 0 for a broken connection.
  void post(const std::string& url, const std::string& headers, const std::string& payload, std::function<void(int)> answered);

 private:
  struct Line {
    std::unique_ptr<Exchange> exchange;
    std::function<void(int)> answered;
  };
  struct Destination {
    std::vector<std::unique_ptr<Line>> lines;
    std::vector<Line*> idle;
  };

  Line& idle_line(const std::string& authority);

  Poller& poller_;
  std::map<std::string, Destination, std::less<>> destinations_;
};

}  // namespace escrow::bench
