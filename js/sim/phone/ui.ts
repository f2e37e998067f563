// Dialogs of the mini program's own, and what it shows for a while: wx.showModal, wx.showActionSheet, wx.showToast,
// wx.showLoading. The answer to a dialog is a tap (docs/platform-facts.md §1.4).

import type { Body, Toast } from './device.js';
import { Failure, REASONS } from './failures.js';
import { atLeast, OPTION_SINCE, SINCE_TAP_IN_SUCCESS_ONLY } from './versions.js';
import { api } from './wx-call.js';

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
  /** What was typed. */
  content: string;
}

export interface HideOptions {
  /** From 2.22.1 on: hides only what its own kind of call showed. */
  noConflict?: boolean;
}

export function ui(body: Body) {
  // `success` counts as a tap; the other two did before 3.3.5.
  const tapIn = (callback: string): boolean =>
    callback === 'success' || !atLeast(body.SDKVersion, SINCE_TAP_IN_SUCCESS_ONLY);

  const show = (toast: Toast, ms?: number): object => {
    body.toast = toast;
    // Another one that was shown meanwhile stays.
    if (ms !== undefined) {
      const end = () => {
        if (body.toast === toast) body.toast = undefined;
      };
      body.clock.after(ms, end, { background: true });
    }
    return {};
  };
  const hide = (kind: Toast['kind'], { noConflict }: HideOptions): object => {
    const other = noConflict && atLeast(body.SDKVersion, '2.22.1') && body.toast?.kind !== kind;
    if (!body.toast || other) throw new Failure(REASONS.noToast);
    body.toast = undefined;
    return {};
  };

  return {
    showModal: api<ModalOptions, ModalResult>(
      body,
      'showModal',
      ({ title = '', content = '', showCancel = true, cancelText = '取消', confirmText = '确定', editable }) =>
        new Promise<ModalResult>((answer) => {
          const typed =
            editable === true && atLeast(body.SDKVersion, OPTION_SINCE['showModal.object.editable'] as string);
          body.prompt({
            kind: 'modal',
            title,
            content,
            confirmText,
            cancelText: showCancel ? cancelText : undefined,
            editable: typed,
            confirm: (text = typed ? content : '') =>
              answer({ confirm: true, cancel: false, content: typed ? text : '' }),
            cancel: () => answer({ confirm: !showCancel, cancel: showCancel, content: '' }),
          });
        }),
      { tapIn },
    ),
    showActionSheet: api<{ itemList: string[]; alertText?: string }, { tapIndex: number }>(
      body,
      'showActionSheet',
      ({ itemList }: { itemList: string[] }) =>
        new Promise<{ tapIndex: number }>((picked, refused) =>
          body.prompt({
            kind: 'action-sheet',
            items: [...itemList],
            pick: (tapIndex) => picked({ tapIndex }),
            cancel: () => refused(new Failure(REASONS.cancel)),
          }),
        ),
      { tapIn },
    ),
    showToast: api<{ title: string; icon?: string; duration?: number }, object>(
      body,
      'showToast',
      ({ title, duration = TOAST_MS }: { title: string; duration?: number }) =>
        show({ title, kind: 'toast' }, duration),
    ),
    hideToast: api<HideOptions, object>(body, 'hideToast', (options: HideOptions) => hide('toast', options)),
    showLoading: api<{ title: string; mask?: boolean }, object>(body, 'showLoading', ({ title }: { title: string }) =>
      show({ title, kind: 'loading' }),
    ),
    hideLoading: api<HideOptions, object>(body, 'hideLoading', (options: HideOptions) => hide('loading', options)),
  };
}
