// The mini program's own dialogs and toasts: wx.showModal, wx.showActionSheet, wx.showToast, wx.showLoading. The answer
// to a dialog is a tap (docs/platform-facts.md §1.4).

import type { Device, Toast } from './device.js';
import { CallError, REASONS } from './failures.js';
import { atLeast, OPTION_SINCE, SINCE_TAP_IN_SUCCESS_ONLY } from './versions.js';
import { api } from './wx-call.js';

/** Default of `duration`. */
const TOAST_MS = 1_500;

/** Options of `wx.showModal`. */
export interface ModalOptions {
  /** Title of the dialog. Default: empty. */
  title?: string;
  /** Text of the dialog; with `editable`, the initial text of the input. Default: empty. */
  content?: string;
  /** Whether there is a cancel button. Default true. */
  showCancel?: boolean;
  /** Label of the cancel button. Default `取消`. */
  cancelText?: string;
  /** Label of the confirm button. Default `确定`. */
  confirmText?: string;
  /** Whether there is an input; from base library 2.17.1. Default false. */
  editable?: boolean;
}

/** Result of `wx.showModal`. */
export interface ModalResult {
  /** Whether the user tapped the confirm button. */
  confirm: boolean;
  /** Whether the user tapped the cancel button. */
  cancel: boolean;
  /** The typed text. */
  content: string;
}

/** Options of `wx.showActionSheet`. */
export interface ActionSheetOptions {
  /** Labels of the items. */
  itemList: string[];
  /** Warning text. Ignored. */
  alertText?: string;
}

/** Result of `wx.showActionSheet`. */
export interface ActionSheetResult {
  /** Index of the tapped item, from 0. */
  tapIndex: number;
}

/** Options of `wx.showToast`. */
export interface ToastOptions {
  /** Text of the toast. */
  title: string;
  /** Icon. Ignored. */
  icon?: string;
  /** Milliseconds until it disappears. Default 1500. */
  duration?: number;
}

/** Options of `wx.showLoading`. */
export interface LoadingOptions {
  /** Text of the indicator. */
  title: string;
  /** Whether the page behind it ignores taps. Ignored. */
  mask?: boolean;
}

/** Options of `wx.hideToast` and `wx.hideLoading`. */
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
    /** `wx.showModal`. Shows a `modal` prompt. Its `success` callback counts as a tap (§1.4). */
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
    /** `wx.showActionSheet`. Shows an `action-sheet` prompt; fails with `cancel` if the user closes it (§1.4). */
    showActionSheet: api<ActionSheetOptions, ActionSheetResult>(
      device,
      'showActionSheet',
      ({ itemList }: ActionSheetOptions) =>
        new Promise<ActionSheetResult>((picked, refused) =>
          device.prompt({
            kind: 'action-sheet',
            items: [...itemList],
            pick: (tapIndex) => picked({ tapIndex }),
            cancel: () => refused(new CallError(REASONS.cancel)),
          }),
        ),
      { tapIn },
    ),
    /** `wx.showToast`. Shows `phone.toast` until `duration` has passed. */
    showToast: api<ToastOptions, object>(device, 'showToast', ({ title, duration = TOAST_MS }: ToastOptions) =>
      show({ title, kind: 'toast' }, duration),
    ),
    /** `wx.hideToast`. Hides `phone.toast`; fails if nothing is shown. */
    hideToast: api<HideOptions, object>(device, 'hideToast', (options: HideOptions) => hide('toast', options)),
    /** `wx.showLoading`. Shows `phone.toast` until `wx.hideLoading`. */
    showLoading: api<LoadingOptions, object>(device, 'showLoading', ({ title }: LoadingOptions) =>
      show({ title, kind: 'loading' }),
    ),
    /** `wx.hideLoading`. Hides `phone.toast`; fails if nothing is shown. */
    hideLoading: api<HideOptions, object>(device, 'hideLoading', (options: HideOptions) => hide('loading', options)),
  };
}
