#include "client-sdk/src/participant/problem.hpp"

#include <nlohmann/json.hpp>

namespace escrow::participant {

HttpAnswer problem(unsigned status, std::string_view code, std::string_view title, std::string_view detail) {
  const nlohmann::ordered_json document{{"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}, {"code", code}};
  HttpAnswer answer;
  answer.status = status;
  answer.content_type = "application/problem+json";
  // A reason may hold whatever a business row held; a bad byte must not turn an answer into an exception.
  answer.body = document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return answer;
}

}  // namespace escrow::participant
