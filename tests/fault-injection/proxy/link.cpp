#include "tests/fault-injection/proxy/link.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "tests/fault-injection/proxy/connection.hpp"
#include "tests/fault-injection/proxy/station.hpp"

namespace escrow::proxy {

using boost::asio::ip::tcp;

Link::Link(Station& station, std::string name, tcp::endpoint listen, tcp::endpoint to)
    : station_(station), name_(std::move(name)), listen_(std::move(listen)), to_(std::move(to)), acceptor_(station.io()) {}

Link::~Link() = default;

Result<void> Link::open() {
  try {
    become(State::listening);
  } catch (const boost::system::system_error& fault) {
    return Error{std::make_error_code(std::errc::address_not_available), "link " + name_ + ": " + fault.what()};
  }
  return {};
}

void Link::rules_changed() {
  if (station_.is_stopping()) return;
  if (station_.rules().refuses(name_)) {
    become(State::closed);
    for (const auto& connection : std::set(connections_)) connection->reset();
  } else {
    become(station_.rules().swallows(name_) ? State::swallowing : State::listening);
  }
}

void Link::stop() {
  become(State::closed);
  for (const auto& connection : std::set(connections_)) connection->reset();
}

void Link::become(State state) {
  if (state == state_) return;
  boost::system::error_code ignored;
  fillers_.clear();
  acceptor_.close(ignored);
  is_accepting_ = false;
  state_ = State::closed;
  if (state == State::listening) listen(boost::asio::socket_base::max_listen_connections);
  // A queue of one that is full: the system drops whoever knocks.
  if (state == State::swallowing) listen(0);
  state_ = state;
  if (state == State::listening) accept();
  if (state == State::swallowing) fill_queue();
}

void Link::listen(int backlog) {
  acceptor_.open(listen_.protocol());
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  acceptor_.bind(listen_);
  acceptor_.listen(backlog);
  listen_ = acceptor_.local_endpoint();
}

void Link::fill_queue() {
  for (int i = 0; i < 2; ++i) {
    auto filler = std::make_shared<tcp::socket>(station_.io());
    fillers_.push_back(filler);
    filler->async_connect(listen_, [filler](const boost::system::error_code&) {});
  }
}

void Link::accept() {
  if (is_accepting_ || state_ != State::listening || !station_.take_place()) return;
  is_accepting_ = true;
  acceptor_.async_accept([this](const boost::system::error_code& fault, tcp::socket socket) { accepted(fault, std::move(socket)); });
}

void Link::accepted(boost::system::error_code fault, tcp::socket socket) {
  if (fault == boost::asio::error::operation_aborted || fault == boost::asio::error::bad_descriptor) {
    station_.give_place_back();
    return;
  }
  is_accepting_ = false;
  if (fault) {
    station_.give_place_back();
  } else {
    const auto connection = std::make_shared<Connection>(station_, *this, std::move(socket));
    connections_.insert(connection);
    boost::asio::co_spawn(station_.io(), connection->run(), [this, connection](const std::exception_ptr&) { is_over(connection); });
  }
  accept();
}

void Link::is_over(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  station_.give_place_back();
}

void Link::place_is_free() { accept(); }

}  // namespace escrow::proxy
