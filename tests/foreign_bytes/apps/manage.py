# manage.py
import os
