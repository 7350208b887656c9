#include "bench/load/requests.hpp"

#include <fmt/format.h>

#include "bench/load/dtm_requests.hpp"
#include "bench/load/native_requests.hpp"

namespace escrow::bench {
const Address& participant_of(const Options& options, int branch) {
  return options.participants[static_cast<std::size_t>(branch) % options.participants.size()];
}

Requests::Requests(const Options& options) : options_(options) {
  constexpr int quotes_and_name = 8;
  payload_ =
      fmt::format(R"({{"p":"{}"}})", std::string(static_cast<std::size_t>(std::max(0, options.payload_bytes - quotes_and_name)), 'x'));
}

std::string Requests::post(const Address& to, const std::string& target, const std::string& headers, const std::string& body) const {
  return fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}", target, to.text,
                     headers, body.size(), body);
}

std::string Requests::ask(const std::string& target, const std::string& body) const {
  return post(options_.coordinator, target, options_.token.empty() ? "" : "Authorization: Bearer " + options_.token + "\r\n", body);
}

std::string Requests::url(int branch, const char* operation, bool refused) const {
  const std::string& path = branch == 0 && !options_.first_path.empty() ? options_.first_path : options_.path;
  return fmt::format("http://{}{}/{}", participant_of(options_, branch).text, refused ? "/refuse" : path, operation);
}

std::string Requests::try_call(const std::string& gid, int branch) const {
  const std::string headers = fmt::format(
      "Escrow-Gid: {0}\r\nEscrow-Branch: b{1}\r\nEscrow-Operation: try\r\nEscrow-Phase: forward\r\nEscrow-Attempt: 1\r\nIdempotency-Key: "
      "{0}/b{1}/try\r\n",
      gid, branch);
  return post(participant_of(options_, branch), options_.path + "/try", headers, payload_);
}

std::unique_ptr<Requests> requests_for(const Options& options) {
  if (options.dialect == Dialect::dtm) return std::make_unique<DtmRequests>(options);
  return std::make_unique<NativeRequests>(options);
}

}  // namespace escrow::bench
