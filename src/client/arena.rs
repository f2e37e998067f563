//! A fixed arena instead of a growing memory.
//!
//! wasm2js's `memory.grow` swaps the buffer without detaching the old one, and the glue keeps
//! writing to the stale view: memory corruption (binaryen issue 7126). So memory never grows, and
//! the host caps every string it passes in.
#![allow(unsafe_code)]

use core::mem::MaybeUninit;
use talc::wasm::{WasmArenaTalc, new_wasm_arena_allocator};

/// Of the 1 MiB that `scripts/build/wasm.ts` links the module with; the rest is stack and data.
const ARENA_BYTES: usize = 768 * 1024;

#[global_allocator]
static ALLOCATOR: WasmArenaTalc = {
    static mut ARENA: [MaybeUninit<u8>; ARENA_BYTES] = [MaybeUninit::uninit(); ARENA_BYTES];
    // SAFETY: nothing else names ARENA, and the module has one thread.
    unsafe { new_wasm_arena_allocator(&raw mut ARENA) }
};
