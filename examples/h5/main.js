import { createAuth, webHost } from 'wxauth/web';

const auth = createAuth({
  edge: 'https://auth.example.com',
  appid: 'wx0123456789abcdef',
  host: webHost(),
  origins: ['https://api.example.com'],
});

const say = (id, text) => {
  document.getElementById(id).textContent = text;
};
auth.subscribe(({ session }) => say('state', session));
auth.ready().then(({ session }) => say('state', session));

document.getElementById('goods').onclick = () =>
  auth
    .request({ url: 'https://api.example.com/goods', guest: true })
    .then(({ statusCode }) => say('message', `HTTP ${statusCode}`))
    .catch(({ code }) => say('message', code));
document.getElementById('logout').onclick = () => auth.logout();
