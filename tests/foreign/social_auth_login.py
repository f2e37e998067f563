"""social-auth-core's weixin backend, unmodified, against the simulator: from its redirect through WeChat's page to the
user's details. Prints them."""

import json
import sys
from urllib.parse import parse_qsl, urlsplit

import requests
from social_core.backends.weixin import WeixinOAuth2
from social_core.exceptions import AuthException
from social_core.storage import BaseStorage, NonceMixin
from social_core.strategy import BaseStrategy

from wechat_host import redirect_wechat

given = json.load(sys.stdin)
redirect_wechat(given['base'])


class Nonces(NonceMixin):
    kept = set()

    @classmethod
    def use(cls, *nonce):
        cls.kept.add(nonce)
        return True

    @classmethod
    def consume(cls, *nonce):
        known = nonce in cls.kept
        cls.kept.discard(nonce)
        return known


class Storage(BaseStorage):
    nonce = Nonces


class Strategy(BaseStrategy):
    """The part of a web framework: settings, a session, the parameters of the request."""

    def __init__(self):
        super().__init__(Storage)
        self.session, self.request = {}, {}

    def get_setting(self, name):
        settings = {
            'SOCIAL_AUTH_WEIXIN_KEY': given['appid'],
            'SOCIAL_AUTH_WEIXIN_SECRET': given['secret'],
            'SOCIAL_AUTH_PIPELINE': ['social_core.pipeline.social_auth.social_details'],
        }
        return settings[name]

    def request_data(self, merge=True):
        return self.request

    def session_get(self, name, default=None):
        return self.session.get(name, default)

    def session_set(self, name, value):
        self.session[name] = value

    def session_pop(self, name):
        return self.session.pop(name, None)

    def build_absolute_uri(self, path=None):
        return path

    def redirect(self, url):
        return url


strategy = Strategy()


def log_in(choice):
    backend = WeixinOAuth2(strategy, 'http://shop.example/complete/weixin/')
    page = requests.get(backend.start(), params=choice, allow_redirects=False)
    strategy.request = dict(parse_qsl(urlsplit(page.headers['location']).query))
    backend = WeixinOAuth2(strategy, 'http://shop.example/complete/weixin/')
    seen = {}

    def authenticate(*args, response, **kwargs):
        seen.update(response, details=backend.get_user_details(response))

    strategy.authenticate = authenticate
    backend.complete()
    return seen


def refused(call):
    try:
        call()
    except AuthException as error:
        return type(error).__name__


user = log_in({'user': given['user']})
print(json.dumps({
    'openid': user['openid'],
    'unionid': user['unionid'],
    'username': user['details']['username'],
    'denied': refused(lambda: log_in({'deny': '1'})),
}))
