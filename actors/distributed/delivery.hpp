#pragma once

#include <supercache/store/result.hpp>

#include <caf/io/basp_broker.hpp>

#include <vector>

namespace supercache::detail {

/// Reads what another process sent, and believes nothing of it. If more elements are to follow than
/// bytes are left, that is an error before memory is taken for them; so is nesting too deep for the
/// stack. CAF's own reader believes both.
class careful_reader final : public caf::deserializer {
public:
  careful_reader(caf::execution_unit* context, const std::vector<char>& bytes)
    : caf::deserializer(context), in_(context, bytes) {}

  caf::error begin_object(std::uint16_t& number, std::string& name) override;
  caf::error end_object() override;
  caf::error begin_sequence(std::size_t& size) override;
  caf::error end_sequence() override { return in_.end_sequence(); }
  caf::error apply_raw(std::size_t size, void* to) override { return in_.apply_raw(size, to); }

protected:
  caf::error apply_impl(std::int8_t& x) override { return in_.apply(x); }
  caf::error apply_impl(std::uint8_t& x) override { return in_.apply(x); }
  caf::error apply_impl(std::int16_t& x) override { return in_.apply(x); }
  caf::error apply_impl(std::uint16_t& x) override { return in_.apply(x); }
  caf::error apply_impl(std::int32_t& x) override { return in_.apply(x); }
  caf::error apply_impl(std::uint32_t& x) override { return in_.apply(x); }
  caf::error apply_impl(std::int64_t& x) override { return in_.apply(x); }
  caf::error apply_impl(std::uint64_t& x) override { return in_.apply(x); }
  caf::error apply_impl(float& x) override { return in_.apply(x); }
  caf::error apply_impl(double& x) override { return in_.apply(x); }
  caf::error apply_impl(long double& x) override { return in_.apply(x); }
  caf::error apply_impl(std::string& x) override { return in_.apply(x); }
  caf::error apply_impl(std::u16string& x) override { return in_.apply(x); }
  caf::error apply_impl(std::u32string& x) override { return in_.apply(x); }

private:
  caf::binary_deserializer in_;
  std::size_t depth_ = 0;
};

/// Gives a message that came over a connection to the actor it is for, as CAF does; but always on
/// the thread that reads it, not on a worker of the application's scheduler, which may be busy.
/// `last_hop`: whose connection it is; must outlive the broker's next message. Throws what an actor
/// throws that works on this thread, and `bad_alloc`. Thread: CAF's I/O thread.
status deliver(caf::io::basp_broker& broker, const caf::io::basp::header& h,
               const std::vector<char>& payload, caf::node_id& last_hop);

/// Answers a request that cannot be delivered, so that no caller waits for it. Answers whether it
/// is a request.
bool refuse(caf::io::basp_broker& broker, const caf::io::basp::header& h,
            const caf::node_id& last_hop, const failure& why);

} // namespace supercache::detail
