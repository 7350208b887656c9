#include "coordinator/server/openapi.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <set>

#include "coordinator/server/router.hpp"
#include "protocol/words.hpp"

using namespace escrow;
using namespace escrow::server;
using nlohmann::json;

namespace {

const json& document() {
  static const json parsed = json::parse(openapi_document());
  return parsed;
}

template <class Word>
std::set<std::string> words(Word last) {
  std::set<std::string> out;
  for (unsigned i = 0; i <= static_cast<unsigned>(last); ++i) out.emplace(protocol::to_string(static_cast<Word>(i)));
  return out;
}

std::set<std::string> enumerated(const char* schema) {
  return document().at("components").at("schemas").at(schema).at("enum").get<std::set<std::string>>();
}

void check_objects_are_closed(const json& value, const std::string& path) {
  if (value.is_object() && value.contains("type") && value.at("type") == "object" && value.contains("properties")) {
    INFO(path);
    CHECK(value.contains("additionalProperties"));
  }
  if (!value.is_structured()) return;
  for (const auto& [key, child] : value.items()) check_objects_are_closed(child, path + "/" + key);
}

}  // namespace

TEST_CASE("the OpenAPI document describes every route and method", "[server][openapi]") {
  CHECK(document().at("openapi") == "3.1.0");
  CHECK(document().at("paths").size() == static_cast<std::size_t>(Route::destinations) + 1);
  for (unsigned i = 0; i <= static_cast<unsigned>(Route::destinations); ++i) {
    const auto route = static_cast<Route>(i);
    const std::string path(template_of(route));
    INFO(path);
    REQUIRE(document().at("paths").contains(path));
    const json& item = document().at("paths").at(path);
    for (const auto& [name, method] : {std::pair("get", "GET"), std::pair("head", "HEAD"), std::pair("post", "POST"),
                                       std::pair("options", "OPTIONS"), std::pair("put", "PUT")}) {
      CHECK(item.contains(name) == allows(route, method));
    }
  }
}

TEST_CASE("every route and method of the API has one role, and the OpenAPI document names it", "[server][openapi][auth]") {
  std::size_t asked = 0;
  for (unsigned i = 0; i <= static_cast<unsigned>(Route::destinations); ++i) {
    const auto route = static_cast<Route>(i);
    const std::string path(template_of(route));
    for (const auto& [name, operation] : document().at("paths").at(path).items()) {
      if (name.starts_with("x-")) continue;
      std::string method = name;
      for (char& c : method) c = static_cast<char>(c - 'a' + 'A');
      INFO(method << " " << path);
      const auto role = required_role(route, method);
      CHECK(role.has_value() == (path.starts_with("/v1/") || path == "/metrics"));
      REQUIRE(operation.contains("security"));
      CHECK(operation.at("security").empty() == !role.has_value());
      CHECK(operation.value("x-required-role", "") == (role ? auth::to_string(*role) : ""));
      CHECK(operation.at("responses").contains("401") == role.has_value());
      if (role) ++asked;
      // Whatever changes something is more than looking.
      if (role && method == "POST") CHECK(*role >= auth::Role::initiate);
    }
  }
  CHECK(asked == 41);
}

TEST_CASE("the OpenAPI document has the words of the protocol", "[server][openapi]") {
  CHECK(enumerated("Mode") == words(protocol::Mode::mixed));
  CHECK(enumerated("Kind") == words(protocol::Kind::message));
  CHECK(enumerated("Order") == words(protocol::Order::graph));
  CHECK(enumerated("Status") == words(protocol::Status::aborted));
  CHECK(enumerated("OperationName") == words(protocol::OperationName::check));
  CHECK(enumerated("OperationState") == words(protocol::OperationState::skipped));
  CHECK(enumerated("EventType") == words(protocol::EventType::aborted));
  const json& problem = document().at("components").at("schemas").at("Problem").at("properties").at("code");
  CHECK(problem.at("enum").get<std::set<std::string>>() == words(protocol::ProblemCode::draining));
  const json& reason = document().at("components").at("schemas").at("AbortReason").at("properties").at("code");
  CHECK(reason.at("enum").get<std::set<std::string>>() == words(protocol::AbortCode::check_refused));
}

TEST_CASE("every object of the OpenAPI document is closed", "[server][openapi]") {
  check_objects_are_closed(document().at("components"), "");
}

TEST_CASE("operations of the OpenAPI document have names of their own", "[server][openapi]") {
  std::set<std::string> names;
  for (const auto& [path, item] : document().at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      if (operation.contains("operationId")) CHECK(names.insert(operation.at("operationId").get<std::string>()).second);
    }
  }
  CHECK(names.size() > 30);
}
