#include "coordinator/transport/tls_files.hpp"

#include "coordinator/transport/errors.hpp"

#include <boost/asio/ssl/context.hpp>

#include <fmt/format.h>

namespace escrow::transport {
namespace {

int no_pass_phrase(char*, int, int, void*) { return 0; }

Error failed(std::string_view what, const std::string& file, const boost::system::error_code& failure) {
  return Error{Errc::tls_setup, fmt::format("cannot use the {} in {}: {}", what, file, failure.message())};
}

}  // namespace

Result<void> load_identity(boost::asio::ssl::context& context, const std::string& certificate_file, const std::string& key_file) {
  // Without this OpenSSL asks at the terminal, and a daemon would wait there for ever.
  SSL_CTX_set_default_passwd_cb(context.native_handle(), no_pass_phrase);
  boost::system::error_code failure;
  if (!certificate_file.empty()) context.use_certificate_chain_file(certificate_file, failure);
  if (failure) return failed("certificate", certificate_file, failure);
  context.use_private_key_file(key_file, boost::asio::ssl::context::pem, failure);
  if (failure) return failed("key", key_file, failure);
  return {};
}

Result<void> load_authorities(boost::asio::ssl::context& context, const std::string& ca_file) {
  boost::system::error_code failure;
  context.load_verify_file(ca_file, failure);
  if (failure) return failed("authorities", ca_file, failure);
  return {};
}

}  // namespace escrow::transport
