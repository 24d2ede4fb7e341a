"""Give the classes of usage the words that every page has; the table stays as it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0012_hub_margin"),
    ]

    operations = [
        migrations.AlterField(
            model_name="rate",
            name="token_class",
            field=models.CharField(
                choices=[
                    ("input", "Input"),
                    ("cached", "Cached input"),
                    ("cache_write", "Cache write"),
                    ("cache_write_1h", "Cache write, 1 h"),
                    ("output", "Output"),
                    ("reasoning", "Reasoning"),
                    ("image_in", "Image input"),
                    ("image_out", "Image output"),
                    ("audio_in", "Audio input"),
                    ("audio_out", "Audio output"),
                    ("request", "Request fee"),
                    ("image", "Images"),
                    ("web_search", "Web searches"),
                ],
                max_length=16,
            ),
        ),
    ]
