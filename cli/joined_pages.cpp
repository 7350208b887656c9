#include "cli/joined_pages.hpp"

#include <string_view>

#include "protocol/json_reader.hpp"

namespace escrow::cli {

Outcome<std::string> joined_pages(const std::vector<std::string>& pages) {
  if (pages.size() == 1) return pages.front();
  std::string out = R"({"transactions":[)";
  std::string_view next = "null";
  bool is_first = true;
  for (const std::string& page : pages) {
    const auto document = protocol::JsonDocument::read(page);
    if (!document) return Failure{ExitStatus::refused, "the answer can't be understood: " + document.error().detail};
    const auto transactions = document->root().find("transactions");
    if (!transactions) return Failure{ExitStatus::refused, "what answers is no escrowd"};
    for (const protocol::JsonValue& transaction : transactions->elements()) {
      out.append(is_first ? "" : ",").append(transaction.text());
      is_first = false;
    }
    const auto cursor = document->root().find("next_cursor");
    next = cursor ? cursor->text() : "null";
  }
  return out.append(R"(],"next_cursor":)").append(next).append("}");
}

}  // namespace escrow::cli
