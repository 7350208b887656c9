#include "tests/fault-injection/http/line.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

namespace escrow::http_faults {
namespace {

namespace asio = boost::asio;

void finish(std::unique_ptr<Operation>& operation, const boost::system::error_code& failure, std::size_t size) {
  const std::unique_ptr<Operation> ended = std::move(operation);
  if (ended) ended->finish(failure, size);
}

}  // namespace

void Line::set_window(int from, std::size_t bytes) {
  ways_[index(from)].window = bytes;
  settle();
}

std::string Line::take(int from) {
  std::string taken = std::exchange(ways_[index(from)].bytes, {});
  settle();
  return taken;
}

void Line::read(int side, asio::mutable_buffer into, std::unique_ptr<Operation> operation) {
  Way& way = ways_[index(1 - side)];
  way.reading = into;
  way.reader = std::move(operation);
  settle();
}

void Line::write(int side, std::vector<asio::const_buffer> buffers, std::unique_ptr<Operation> operation) {
  Way& way = ways_[index(side)];
  way.writing = std::move(buffers);
  way.writer = std::move(operation);
  settle();
}

void Line::send(int side, std::string_view bytes) {
  ways_[index(side)].bytes.append(bytes);
  ways_[index(side)].sent += bytes.size();
  settle();
}

void Line::end(int from) {
  ways_[index(from)].ended = true;
  settle();
}

void Line::reset() {
  reset_ = true;
  for (Way& way : ways_) way.bytes.clear();
  settle();
}

void Line::close(int side) {
  if (closed_[index(side)]) return;
  closed_[index(side)] = true;
  abort(side);
  // What has not been read when a socket is closed makes the kernel reset the connection.
  if (!ways_[index(1 - side)].bytes.empty() && !ways_[index(side)].ended) reset_ = true;
  ways_[index(side)].ended = true;
  ways_[index(1 - side)].bytes.clear();
  settle();
}

void Line::abort(int side) {
  abort_read(side);
  abort_write(side);
}

void Line::abort_read(int side) { finish(ways_[index(1 - side)].reader, asio::error::operation_aborted, 0); }

void Line::abort_write(int side) { finish(ways_[index(side)].writer, asio::error::operation_aborted, 0); }

bool Line::has_nothing_to_read(int side) const {
  const Way& way = ways_[index(1 - side)];
  return way.bytes.empty() && !way.ended && !reset_;
}

void Line::settle() {
  settle(ways_[0], 0);
  settle(ways_[1], 1);
}

void Line::settle(Way& way, int from) {
  if (way.writer) {
    std::size_t moved = 0;
    std::size_t asked = 0;
    if (closed_[index(from)]) return finish(way.writer, asio::error::bad_descriptor, 0);
    if (reset_ || way.ended || closed_[index(1 - from)]) return finish(way.writer, asio::error::broken_pipe, 0);
    for (const asio::const_buffer& buffer : way.writing) {
      const std::size_t space = way.window - std::min(way.window, way.bytes.size());
      const std::size_t fits = std::min(space, buffer.size());
      way.bytes.append(static_cast<const char*>(buffer.data()), fits);
      moved += fits;
      asked += buffer.size();
    }
    way.sent += moved;
    if (moved > 0 || asked == 0) finish(way.writer, {}, moved);
  }
  if (way.reader) {
    if (closed_[index(1 - from)]) return finish(way.reader, asio::error::bad_descriptor, 0);
    const std::size_t size = std::min(way.bytes.size(), way.reading.size());
    if (size > 0 || way.reading.size() == 0) {
      std::copy_n(way.bytes.data(), size, static_cast<char*>(way.reading.data()));
      way.bytes.erase(0, size);
      finish(way.reader, {}, size);
    } else if (reset_) {
      finish(way.reader, asio::error::connection_reset, 0);
    } else if (way.ended) {
      finish(way.reader, asio::error::eof, 0);
    }
  }
}

}  // namespace escrow::http_faults
