"""django-allauth's Weixin login in a whole Django project, unmodified, against the simulator: a browser starts at the
login page, goes through WeChat's page, and comes back. Prints the resulting account."""

import json
import sys

import django
import requests
from django.conf import settings
from django.urls import include, path

from wechat_host import redirect_wechat

given = json.load(sys.stdin)
redirect_wechat(given['base'])

settings.configure(
    SECRET_KEY='x',
    ALLOWED_HOSTS=['shop.example'],
    ROOT_URLCONF=__name__,
    DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}},
    DEFAULT_AUTO_FIELD='django.db.models.BigAutoField',
    INSTALLED_APPS=[
        'django.contrib.auth',
        'django.contrib.contenttypes',
        'django.contrib.sessions',
        'django.contrib.messages',
        'allauth',
        'allauth.account',
        'allauth.socialaccount',
        'allauth.socialaccount.providers.weixin',
    ],
    MIDDLEWARE=[
        'django.contrib.sessions.middleware.SessionMiddleware',
        'django.contrib.auth.middleware.AuthenticationMiddleware',
        'django.contrib.messages.middleware.MessageMiddleware',
        'allauth.account.middleware.AccountMiddleware',
    ],
    TEMPLATES=[{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'APP_DIRS': True}],
    SOCIALACCOUNT_PROVIDERS={'weixin': {'APP': {'client_id': given['appid'], 'secret': given['secret'], 'key': ''}}},
    SOCIALACCOUNT_EMAIL_VERIFICATION='none',
    LOGIN_REDIRECT_URL='/after',
)
django.setup()

# These imports need the set-up above.
from allauth.socialaccount.models import SocialAccount
from django.core.management import call_command
from django.test import Client

urlpatterns = [path('accounts/', include('allauth.urls'))]

call_command('migrate', verbosity=0)
browser = Client(headers={'host': 'shop.example'})


def log_in(choice):
    start = browser.post('/accounts/weixin/login/')
    page = requests.get(start['location'], params=choice, allow_redirects=False)
    return browser.get(page.headers['location'].removeprefix('http://shop.example'))


denied = log_in({'deny': '1'})
back = log_in({'user': given['user']})
account = SocialAccount.objects.get()
print(json.dumps({
    'denied': denied.status_code,
    'status': back.status_code,
    'location': back.headers.get('location'),
    'openid': account.uid,
    'nickname': account.extra_data['nickname'],
    'unionid': account.extra_data.get('unionid'),
}))
