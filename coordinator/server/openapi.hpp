#pragma once

#include <string_view>

namespace escrow::server {

/// The OpenAPI 3.1 document of the native API: `openapi.json` beside this file, embedded when the coordinator is built.
[[nodiscard]] std::string_view openapi_document();

}  // namespace escrow::server
