#include "tests/fault-injection/proxy/control.hpp"

#include <charconv>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include <nlohmann/json.hpp>

#include "tests/fault-injection/proxy/station.hpp"
#include "tests/fault-injection/proxy/wire.hpp"

namespace escrow::proxy {
namespace {

using nlohmann::ordered_json;
constexpr std::size_t most_body = std::size_t{8} << 20U;
constexpr std::size_t most_lines = 10'000;

std::string text_of(const boost::asio::ip::tcp::endpoint& endpoint) {
  return endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
}

std::uint64_t number_in(const std::string& target, const std::string& name, std::uint64_t otherwise) {
  const std::size_t at = target.find(name + "=");
  if (at == std::string::npos) return otherwise;
  const char* begin = target.data() + at + name.size() + 1;
  std::uint64_t value = otherwise;
  std::from_chars(begin, target.data() + target.size(), value);
  return value;
}

}  // namespace

Control::Control(Station& station, boost::asio::ip::tcp::endpoint listen)
    : station_(station), listen_(std::move(listen)), acceptor_(station.io()) {}

Result<void> Control::open() {
  try {
    acceptor_.open(listen_.protocol());
    acceptor_.set_option(boost::asio::ip::tcp::acceptor::reuse_address(true));
    acceptor_.bind(listen_);
    acceptor_.listen();
    listen_ = acceptor_.local_endpoint();
  } catch (const boost::system::system_error& fault) {
    return Error{std::make_error_code(std::errc::address_not_available), std::string("control: ") + fault.what()};
  }
  accept();
  return {};
}

void Control::stop() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

void Control::accept() {
  auto socket = std::make_shared<Socket>(station_.io());
  acceptor_.async_accept(*socket, [this, socket](const boost::system::error_code& fault) {
    if (fault == boost::asio::error::operation_aborted) return;
    if (!fault) boost::asio::co_spawn(station_.io(), serve(socket), [socket](const std::exception_ptr&) {});
    accept();
  });
}

async::Task<void> Control::serve(std::shared_ptr<Socket> socket) {
  std::string bytes;
  bool was_reset = false;
  bool goes_on = true;
  std::size_t end = std::string::npos;
  while (goes_on && end == std::string::npos && bytes.size() < station_.limits().head_bytes) {
    goes_on = co_await read_some(*socket, bytes, was_reset);
    end = bytes.find("\r\n\r\n");
  }
  if (end == std::string::npos) co_return;
  const auto head = request_head(bytes.substr(0, end + 4));
  if (!head) co_return;
  Body framing = Body::of_request(*head);
  std::size_t taken = end + 4;
  taken += framing.take(std::string_view(bytes).substr(taken));
  while (goes_on && !framing.is_complete() && bytes.size() < most_body) {
    goes_on = co_await read_some(*socket, bytes, was_reset);
    taken += framing.take(std::string_view(bytes).substr(taken));
  }
  if (!framing.is_complete()) co_return;
  const Reply reply = reply_to(*head, bytes.substr(end + 4, taken - end - 4));
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Said\r\nContent-Type: " + reply.type +
                     "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\nConnection: close\r\n\r\n";
  text += reply.body;
  co_await write_all(*socket, text);
  close_socket(*socket);
}

Control::Reply Control::reply_to(const Head& head, const std::string& body) {
  const std::string path = head.target.substr(0, head.target.find('?'));
  const auto below = [&path](const std::string& folder) { return path.starts_with(folder) ? path.substr(folder.size()) : ""; };
  if (path == "/healthz" && head.method == "GET") return {200, "{\"status\":\"ok\"}"};
  if (path == "/rules" || path.starts_with("/rules/")) return rules(head, body, below("/rules/"));
  if (path == "/heal" && head.method == "POST") {
    station_.heal();
    return {204};
  }
  if (path.starts_with("/signals/") && head.method == "POST") {
    station_.signal(below("/signals/"));
    return {204};
  }
  if (path == "/history" && head.method == "GET") {
    const std::size_t most = std::min<std::size_t>(number_in(head.target, "most", most_lines), most_lines);
    return {200, station_.ledger().lines(number_in(head.target, "from", 0), most), "application/x-ndjson"};
  }
  if (path == "/links" && head.method == "GET") {
    ordered_json list = ordered_json::array();
    for (const auto& [name, link] : station_.links()) {
      list.push_back({{"name", name}, {"listen", text_of(link->address())}, {"to", text_of(link->to())}});
    }
    return {200, ordered_json{{"links", list}, {"connections", station_.places_taken()}}.dump()};
  }
  if (path.starts_with("/links/") && head.method == "PUT") return link(below("/links/"), body);
  return {404, "{\"error\":\"nothing is here\"}"};
}

Control::Reply Control::rules(const Head& head, const std::string& body, const std::string& name) {
  if (head.method == "DELETE") {
    if (name.empty()) {
      station_.heal();
      return {204};
    }
    return station_.remove(name) ? Reply{204} : Reply{404, "{\"error\":\"no rule has this name\"}"};
  }
  if (!name.empty()) return {404, "{\"error\":\"nothing is here\"}"};
  if (head.method == "GET") {
    ordered_json list = ordered_json::array();
    for (const auto& use : station_.rules().uses()) {
      list.push_back({{"name", use.name}, {"matched", use.matched}, {"struck", use.struck}});
    }
    return {200, ordered_json{{"rules", list}}.dump(-1, ' ', false, ordered_json::error_handler_t::replace)};
  }
  if (head.method != "POST" && head.method != "PUT") return {405, "{\"error\":\"GET, POST, PUT or DELETE\"}"};
  auto set = read_rule_set(body, station_.rules().seed());
  if (!set) return {422, ordered_json{{"error", set.error().detail}}.dump(-1, ' ', false, ordered_json::error_handler_t::replace)};
  if (head.method == "PUT") {
    station_.replace(std::move(*set));
  } else {
    station_.add(std::move(*set));
  }
  return {204};
}

Control::Reply Control::link(const std::string& name, const std::string& body) {
  Link* const found = station_.link_named(name);
  if (found == nullptr) return {404, "{\"error\":\"no link has this name\"}"};
  const auto said = ordered_json::parse(body, nullptr, false);
  const auto to = said.is_object() && said.contains("to") && said["to"].is_string() ? said["to"].get<std::string>() : "";
  const auto endpoint = endpoint_of(station_.io(), to);
  if (!endpoint || !endpoint->address().is_loopback()) {
    return {422, "{\"error\":\"to is HOST:PORT, on loopback\"}"};
  }
  found->lead_to(*endpoint);
  return {204};
}

}  // namespace escrow::proxy
