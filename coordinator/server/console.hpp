#pragma once

#include <span>
#include <string_view>

#include "coordinator/transport/http_message.hpp"

/// The web console: files that were made when the coordinator was built, and how a browser is given them.
namespace escrow::server {

/// One file of the console, in the binary.
struct ConsoleAsset {
  /// As it stands behind `/console/`; the page itself is `index.html`.
  std::string_view name;
  std::string_view type;
  /// With its quotes.
  std::string_view etag;
  std::string_view bytes;
  /// The same, compressed when the coordinator was built; empty where that would save nothing.
  std::string_view gzip;
};

/// All of them, `index.html` first. Without Node there is only a page that says how to get the console.
[[nodiscard]] std::span<const ConsoleAsset> console_assets();

/// Nothing: the console has no such file.
[[nodiscard]] const ConsoleAsset* find_console_asset(std::string_view name);

/// Whether whoever asks wants a page rather than text: browsers name `text/html`, curl does not.
[[nodiscard]] bool wants_page(const transport::Request& request);

/// The file with what keeps a browser safe (no script but ours, no frame around it); 304 when the browser has it already.
[[nodiscard]] transport::Response console_response(const ConsoleAsset& asset, const transport::Request& request);

}  // namespace escrow::server
