// What the pager tells a transfer log, if there is one.
#include "host/pager.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {
namespace {

TransferKind kind_of(const Move& move) {
  if (move.direction == Direction::in) {
    if (move.cause == Cause::fault) return TransferKind::fault;
    return move.carries ? TransferKind::prefetch : TransferKind::reserve;
  }
  if (move.cause == Cause::room) return TransferKind::room;
  return move.carries ? TransferKind::evict : TransferKind::drop;
}

}  // namespace

/// A block by itself: of an order, a fault, or for want of room.
void Pager::note(const Move& move) {
  if (log_ == nullptr || move.began_ns == 0) return;  // it began before anybody asked
  const TransferKind kind = kind_of(move);
  Transfer transfer{.kind = kind, .tensors = {}, .offset_bytes = move.block * kBlockBytes};
  if (move.cause == Cause::hint) transfer.tensors = {move.tensor};
  transfer.bytes = kind == TransferKind::fault && !move.carries ? 0 : kBlockBytes;
  transfer.start_ns = move.began_ns;
  log_->add(std::move(transfer));
}

/// Blocks of one range, whose pages came or went without a copy.
void Pager::note_pages(TransferKind kind, std::span<const Move> moves, std::uint64_t began_ns) {
  if (log_ == nullptr || began_ns == 0) return;
  Transfer transfer{.kind = kind, .tensors = {}, .offset_bytes = moves.front().block * kBlockBytes};
  transfer.bytes = moves.size() * kBlockBytes;
  transfer.start_ns = began_ns;
  log_->add(std::move(transfer));
}

void Pager::note_resident() {
  if (log_ != nullptr) log_->resident(resident_bytes());
}

}  // namespace octrain::runtime::host
