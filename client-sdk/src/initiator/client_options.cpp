#include <cstdlib>
#include <escrow/client_options.hpp>

namespace escrow {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

ClientOptions ClientOptions::from_environment() {
  ClientOptions options;
  if (const auto urls = environment("ESCROW_URL"); !urls.empty()) options.urls(urls);
  if (auto token = environment("ESCROW_TOKEN"); !token.empty()) options.token(std::move(token));
  if (auto file = environment("ESCROW_TOKEN_FILE"); !file.empty()) options.token_file(std::move(file));
  const std::string certificate = environment("ESCROW_CERTIFICATE_FILE");
  const std::string key = environment("ESCROW_KEY_FILE");
  if (!certificate.empty() || !key.empty()) options.certificate(certificate, key);
  if (auto file = environment("ESCROW_CA_FILE"); !file.empty()) options.ca_file(std::move(file));
  return options;
}

ClientOptions& ClientOptions::urls(std::string_view comma_separated) {
  urls_.clear();
  while (true) {
    const auto comma = comma_separated.find(',');
    std::string_view url = trimmed(comma_separated.substr(0, comma));
    while (url.ends_with('/')) url.remove_suffix(1);
    if (!url.empty()) urls_.emplace_back(url);
    if (comma == std::string_view::npos) return *this;
    comma_separated.remove_prefix(comma + 1);
  }
}

}  // namespace escrow
