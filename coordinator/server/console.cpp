#include "coordinator/server/console.hpp"

#include <algorithm>
#include <string>

namespace escrow::server {
namespace {

using transport::Request;
using transport::Response;

// Everything comes from here and nothing is written into the page: a gid or an error text of a participant can never become a script, and
// nobody's page can put the console into a frame and have an operator click what they do not see.
constexpr std::string_view content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// A weight of zero means "not this one" (RFC 9110, 12.4.2): `q=0`, `q=0.0` and so on.
bool is_refused(std::string_view parameters) {
  const std::size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return false;
  const std::string_view weight = trimmed(parameters.substr(at + 2));
  return weight.starts_with('0') && weight.find_first_of("123456789") == std::string_view::npos;
}

/// Whether a list of `Accept` or `Accept-Encoding` names `wanted` with a weight above zero. Wildcards do not count.
bool accepts(const Request& request, std::string_view header, std::string_view wanted) {
  std::string_view list = request.headers.find(header).value_or("");
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view element = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    const std::size_t semicolon = std::min(element.find(';'), element.size());
    if (transport::equals_ignoring_case(trimmed(element.substr(0, semicolon)), wanted)) return !is_refused(element.substr(semicolon));
  }
  return false;
}

/// `If-None-Match`: a list of tags, or `*`; weak ones count, since the bytes are the same either way.
bool has_it_already(const Request& request, std::string_view etag) {
  const auto header = request.headers.find("If-None-Match");
  return header && (trimmed(*header) == "*" || header->find(etag) != std::string_view::npos);
}

}  // namespace

const ConsoleAsset* find_console_asset(std::string_view name) {
  const auto assets = console_assets();
  const auto found = std::ranges::find(assets, name, &ConsoleAsset::name);
  return found == assets.end() ? nullptr : &*found;
}

bool wants_page(const Request& request) { return accepts(request, "Accept", "text/html"); }

Response console_response(const ConsoleAsset& asset, const Request& request) {
  const bool is_page = asset.name == "index.html";
  Response response(has_it_already(request, asset.etag) ? 304 : 200);
  response.headers.add("ETag", asset.etag);
  // The page is asked for again each time; it names the other files by their content, so they never change.
  response.headers.add("Cache-Control", is_page ? "no-cache" : "public, max-age=31536000, immutable");
  response.headers.add("Vary", is_page ? "Accept, Accept-Encoding" : "Accept-Encoding");
  response.headers.add("Content-Security-Policy", content_policy);
  response.headers.add("X-Frame-Options", "DENY");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Referrer-Policy", "no-referrer");
  response.headers.add("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.add("Cross-Origin-Resource-Policy", "same-origin");
  if (response.status == 304) return response;

  response.headers.add("Content-Type", asset.type);
  if (!asset.gzip.empty() && accepts(request, "Accept-Encoding", "gzip")) {
    response.headers.add("Content-Encoding", "gzip");
    response.fixed_body = asset.gzip;
  } else {
    response.fixed_body = asset.bytes;
  }
  return response;
}

}  // namespace escrow::server
