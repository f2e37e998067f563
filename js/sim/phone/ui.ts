// The mini program's own dialogs and toasts: wx.showModal, wx.showActionSheet, wx.showToast, wx.showLoading. The answer
// to a dialog is a tap (docs/platform-facts.md §1.4).

import type { Device, Toast } from './device.js';
import { CallError, REASONS } from './failures.js';
import { atLeast, OPTION_SINCE, SINCE_TAP_IN_SUCCESS_ONLY } from './versions.js';
import { api } from './wx-call.js';

/** Default of `duration`. */
const TOAST_MS = 1_500;

export interface ModalOptions {
  title?: string;
  content?: string;
  showCancel?: boolean;
  cancelText?: string;
  confirmText?: string;
  editable?: boolean;
}

export interface ModalResult {
  confirm: boolean;
  cancel: boolean;
  /** The typed text. */
  content: string;
}

export interface HideOptions {
  /** Hides only a toast of its own kind; from base library 2.22.1. */
  noConflict?: boolean;
}

export function ui(device: Device) {
  // `success` counts as a tap; `fail` and `complete` did before 3.3.5.
  const tapIn = (callback: string): boolean =>
    callback === 'success' || !atLeast(device.SDKVersion, SINCE_TAP_IN_SUCCESS_ONLY);

  const show = (toast: Toast, ms?: number): object => {
    device.toast = toast;
    // A toast that replaced this one stays.
    if (ms !== undefined) {
      const end = () => {
        if (device.toast === toast) device.toast = undefined;
      };
      device.clock.after(ms, end, { background: true });
    }
    return {};
  };
  const hide = (kind: Toast['kind'], { noConflict }: HideOptions): object => {
    const other = noConflict && atLeast(device.SDKVersion, '2.22.1') && device.toast?.kind !== kind;
    if (!device.toast || other) throw new CallError(REASONS.noToast);
    device.toast = undefined;
    return {};
  };

  return {
    showModal: api<ModalOptions, ModalResult>(
      device,
      'showModal',
      ({ title = '', content = '', showCancel = true, cancelText = '取消', confirmText = '确定', editable }) =>
        new Promise<ModalResult>((answer) => {
          const editing =
            editable === true && atLeast(device.SDKVersion, OPTION_SINCE['showModal.object.editable'] as string);
          device.prompt({
            kind: 'modal',
            title,
            content,
            confirmText,
            cancelText: showCancel ? cancelText : undefined,
            editable: editing,
            confirm: (text = editing ? content : '') =>
              answer({ confirm: true, cancel: false, content: editing ? text : '' }),
            cancel: () => answer({ confirm: !showCancel, cancel: showCancel, content: '' }),
          });
        }),
      { tapIn },
    ),
    showActionSheet: api<{ itemList: string[]; alertText?: string }, { tapIndex: number }>(
      device,
      'showActionSheet',
      ({ itemList }: { itemList: string[] }) =>
        new Promise<{ tapIndex: number }>((picked, refused) =>
          device.prompt({
            kind: 'action-sheet',
            items: [...itemList],
            pick: (tapIndex) => picked({ tapIndex }),
            cancel: () => refused(new CallError(REASONS.cancel)),
          }),
        ),
      { tapIn },
    ),
    showToast: api<{ title: string; icon?: string; duration?: number }, object>(
      device,
      'showToast',
      ({ title, duration = TOAST_MS }: { title: string; duration?: number }) =>
        show({ title, kind: 'toast' }, duration),
    ),
    hideToast: api<HideOptions, object>(device, 'hideToast', (options: HideOptions) => hide('toast', options)),
    showLoading: api<{ title: string; mask?: boolean }, object>(device, 'showLoading', ({ title }: { title: string }) =>
      show({ title, kind: 'loading' }),
    ),
    hideLoading: api<HideOptions, object>(device, 'hideLoading', (options: HideOptions) => hide('loading', options)),
  };
}
