const { authBehavior } = require('wxauth');
const auth = require('../../auth.js');

const showError = (page) => (error) => page.setData({ message: error.code || error.errMsg });

Page({
  behaviors: [authBehavior(auth)],
  data: { message: '', phone: '', place: '', needsSetting: false, avatar: '' },

  orders() {
    auth
      .request({ url: '/account' })
      .then(({ statusCode }) => this.setData({ message: `HTTP ${statusCode}` }))
      .catch(showError(this));
  },

  phone({ detail }) {
    auth
      .phone(detail)
      .then(({ phone_number }) => this.setData({ phone: phone_number }))
      .catch(showError(this));
  },

  locate() {
    auth
      .use('scope.userLocation', () => wx.getLocation({ type: 'gcj02' }))
      .then(({ latitude, longitude }) => this.setData({ place: `${latitude}, ${longitude}` }))
      .catch(({ code, permission }) => {
        const needsSetting = !!permission && permission.type === 'needs-tap' && permission.tap === 'open-setting';
        this.setData({ message: permission ? permission.type : code, needsSetting });
      });
  },

  setting() {
    // Before any await: WeChat opens the settings page in the tap's own call stack only.
    auth
      .openSetting()
      .then(() => this.locate())
      .catch(showError(this));
  },

  avatar({ detail }) {
    const upload = (filePath) =>
      auth.token().then(
        ({ token }) =>
          new Promise((success, fail) => {
            const header = { Authorization: `Bearer ${token}` };
            const done = ({ data }) => success(data);
            wx.uploadFile({ url: 'https://api.example.com/avatar', filePath, name: 'file', header, success: done, fail });
          }),
      );
    auth
      .profile(detail, upload)
      .then(({ avatarUrl }) => this.setData({ avatar: avatarUrl }))
      .catch(showError(this));
  },

  logout() {
    (auth.state.session === 'logged-in' ? auth.logout() : auth.login()).catch(showError(this));
  },
});
