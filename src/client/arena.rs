//! Allocator with a fixed arena: the module's memory never grows.
//!
//! The `memory.grow` of wasm2js replaces the buffer without detaching the old one, and the glue keeps writing to the
//! old one (binaryen issue 7126). The host therefore limits the length of every string that it passes in.
#![allow(unsafe_code)]

use core::mem::MaybeUninit;
use talc::wasm::{WasmArenaTalc, new_wasm_arena_allocator};

/// Size of the arena. `scripts/build/wasm.mts` links the module with 1 MiB; the rest is stack and data.
const ARENA_BYTES: usize = 768 * 1024;

#[global_allocator]
static ALLOCATOR: WasmArenaTalc = {
    static mut ARENA: [MaybeUninit<u8>; ARENA_BYTES] = [MaybeUninit::uninit(); ARENA_BYTES];
    // SAFETY: ARENA is visible in this block only, and the module has one thread.
    unsafe { new_wasm_arena_allocator(&raw mut ARENA) }
};
